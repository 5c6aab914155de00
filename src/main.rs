//! The program `attention-bounds`: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(attention_bounds::cli::run(std::env::args_os()))
}
