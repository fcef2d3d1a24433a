use autobeat::activities;
use temporalio_sdk::activities::ActivityContext;

trait Greet {
    fn greet(context: ActivityContext);
}

struct Greeter;

#[activities]
impl Greet for Greeter {
    #[activity]
    fn greet(_context: ActivityContext) {}
}

fn main() {}
