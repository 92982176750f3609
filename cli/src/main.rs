//! The program `account-presets`.

use std::process::ExitCode;

fn main() -> ExitCode {
    account_presets_cli::main()
}
