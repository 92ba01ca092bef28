//! `auroraview-ui`: the UI process as the Python package brings it. Not meant to be started by hand.

fn main() -> std::process::ExitCode {
    auroraview_ui::run(Vec::new())
}
