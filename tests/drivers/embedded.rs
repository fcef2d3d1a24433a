//! The embedded engine shows what a server does, where a schedule has a meaning there.

use autobeat_tests::drivers::{
    Expected, Sample, embedded, fake,
    schedules::{drawn, written},
};

/// Seeds of which some fit.
const SEEDS: std::ops::Range<u64> = 0..60;

#[test]
fn the_embedded_engine_shows_what_a_server_does() {
    let schedules = written().into_iter().chain(SEEDS.map(drawn));
    let mut compared = 0;
    for named in schedules {
        let Some(schedule) = embedded::fitting(&named.schedule) else { continue };
        let expected = Expected::of(vec![Sample::of_world(&fake::run(&schedule))]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let sample = runtime.block_on(embedded::play(&schedule)).unwrap();
        let differences = expected.differences(&sample);
        eprintln!("{}: {sample}", named.name);
        let expected = expected.told();
        assert!(differences.is_empty(), "{}: {differences:?}\n{expected}", named.name);
        compared += 1;
    }
    eprintln!("{compared} schedules compared");
    assert!(compared >= 15, "only {compared} schedules fit");
}
