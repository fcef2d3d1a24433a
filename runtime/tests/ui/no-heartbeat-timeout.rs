use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(start_to_close_timeout = "2h")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {
    let _ = process.options();
}
