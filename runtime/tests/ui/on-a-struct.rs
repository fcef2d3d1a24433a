use autobeat::activity;

#[activity(heartbeat_timeout = "30s")]
struct Process;

fn main() {
    let _ = Process;
}
