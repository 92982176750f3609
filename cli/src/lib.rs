//! The command line of account-presets: the presets, their objects, and the changes that they would
//! make in an account. It reads; only CloudFormation and the provider's function change anything.
//!
//! The texts about presets, plans and drift come from the crate `shared`, which is the function's
//! own. Here are arguments, credentials and forms of output. `docs/command-line.md` is its page.

// The futures of a request are nested a little more deeply than the compiler looks by itself.
#![recursion_limit = "256"]

mod account;
pub mod arguments;
mod audit;
mod bless;
mod deployer;
mod diff;
mod lint;
mod output;
mod plan;
pub mod properties;
pub mod render;
pub mod schema;
mod show;
mod verify;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use output::{Output, say};

/// The result of a command, which is its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing to do, nothing that differs: 0.
    Nothing,
    /// Something would be done, or differs: 2.
    Differences,
}

/// Runs the program with the arguments of the process. 0: nothing to do; 1: an error, which standard
/// error says in plain words; 2: differences.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let output = Output::new(arguments.output);
    match run(arguments, &output) {
        Ok(Found::Nothing) => ExitCode::SUCCESS,
        Ok(Found::Differences) => ExitCode::from(2),
        Err(problem) => {
            say(&format!("error: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// clap's own code for a mistake is 2, which stands for differences here.
fn usage(error: &clap::Error) -> ExitCode {
    // Without a reader the text is not missed.
    let _ = error.print();
    let is_asked = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion].contains(&error.kind());
    if is_asked { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(arguments: Arguments, output: &Output) -> Result<Found, String> {
    let Arguments { command, aws, output: _ } = arguments;
    match command {
        Command::List => show::list(output),
        Command::Show(asked) => show::show(&asked, output),
        Command::Render(asked) => render::render(&asked, &aws, output),
        Command::Diff(asked) => diff::diff(&asked, output),
        Command::Bless(asked) => bless::bless(&asked, output),
        Command::Lint { files } => lint::lint(&files, output),
        Command::DeployerPolicy(asked) => deployer::policy(&asked, &aws, output),
        Command::Schema { attributes: true, .. } => {
            output.json(&schema::attributes(&made::catalogue()))
        }
        Command::Schema { resource, attributes: false } => {
            output.json(&schema::of(resource, &made::catalogue()))
        }
        Command::Plan(asked) => account::block_on(plan::plan(&asked, &aws, output)),
        Command::Audit(asked) => account::block_on(audit::audit(&asked, &aws, output)),
        Command::Verify(asked) => account::block_on(verify::verify(&asked, &aws, output)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "account-presets", &mut text);
            output.print(&String::from_utf8_lossy(&text))
        }
        Command::Man => {
            let mut text = Vec::new();
            let page = clap_mangen::Man::new(Arguments::command());
            page.render(&mut text).map_err(|error| error.to_string())?;
            output.print(&String::from_utf8_lossy(&text))
        }
    }
}
