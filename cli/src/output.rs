//! The output, and its destination.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use serde_json::Value;

use crate::Found;
use crate::arguments::Form;

/// Standard output, in the form that was asked for.
#[derive(Debug)]
pub struct Output {
    form: Form,
    has_colour: bool,
}

impl Output {
    /// With colour on a terminal only, and never with NO_COLOR (<https://no-color.org>).
    pub fn new(form: Form) -> Self {
        let says_no = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        Output { form, has_colour: stdout().is_terminal() && !says_no && !is_dumb }
    }

    /// Prints the JSON or the text, whichever was asked for.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub fn tell(
        &self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<Found, String> {
        match self.form {
            Form::Json => self.json(&json()),
            Form::Text => self.print(&self.coloured(&text())),
        }
    }

    /// Prints JSON, in any form.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub fn json(&self, value: &Value) -> Result<Found, String> {
        let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
        self.print(&text)
    }

    /// Prints a text as it is.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written. A closed pipe is no error.
    pub fn print(&self, text: &str) -> Result<Found, String> {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        match write!(stdout(), "{text}{end}").and_then(|()| stdout().flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
            Ok(()) | Err(_) => Ok(Found::Nothing),
        }
    }

    /// The lines of a plan or a difference in the colour of their sign.
    fn coloured(&self, text: &str) -> String {
        if !self.has_colour {
            return text.to_owned();
        }
        let line = |line: &str| match line.trim_start().get(..2) {
            Some("+ ") => format!("\x1b[32m{line}\x1b[0m\n"),
            Some("- ") => format!("\x1b[31m{line}\x1b[0m\n"),
            Some("~ ") => format!("\x1b[33m{line}\x1b[0m\n"),
            Some("! ") => format!("\x1b[1;31m{line}\x1b[0m\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }
}

/// Prints a note to the person, on standard error, and not into the output.
pub fn say(text: &str) {
    // Without a reader the text is not missed.
    let _ = writeln!(stderr(), "{text}");
}
