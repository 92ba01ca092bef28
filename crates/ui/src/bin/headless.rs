//! `auroraview-headless`: stands for the UI process where no window can or shall be. It links no GUI library, so it starts in
//! milliseconds. Not meant to be started by hand.

fn main() -> std::process::ExitCode {
    auroraview_ui::run_headless()
}
