use autobeat::activities;

struct Greeter;

#[activities]
impl Greeter {
    async fn greet(&self) {}
}

fn main() {}
