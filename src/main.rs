//! The command line of `tdsql`.

fn main() -> std::process::ExitCode {
    tdsql::cli::main()
}
