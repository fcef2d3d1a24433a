//! What a beat settles, whatever is on its way.

use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Sends a beat; what it settles once it is acknowledged, and its number.
fn send(traffic: &mut Traffic, version: u64, now: Instant) -> (u64, u64) {
    let mut details = Details::default();
    details.version = version;
    let number = traffic.send(details, now, AbortHandle::new_pair().0);
    let flight = traffic.open.iter().find(|flight| flight.number == number).unwrap();
    (flight.settled, number)
}

#[test]
fn a_beat_alone_settles_what_it_carries() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    assert_eq!(send(&mut traffic, 5, began), (5, 1));
    assert_eq!(traffic.settles_from(5, began), began, "it is no older");
    assert!(traffic.carries(4) && traffic.carries(5) && !traffic.carries(6));
}

#[test]
fn a_report_may_land_within_the_settling_time() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    traffic.hand_over(1);
    assert_eq!(traffic.settles_from(1, began), began, "it is no older");
    traffic.handed_over(1, true, began);
    assert_eq!(traffic.settles_from(2, began), began + 100 * MILLISECOND);
    assert_eq!(traffic.settles_from(1, began), began, "it is no older");
    let (settled, number) = send(&mut traffic, 2, began + 99 * MILLISECOND);
    assert_eq!(settled, 1);
    traffic.land(number);
    assert_eq!(send(&mut traffic, 2, began + 100 * MILLISECOND).0, 2);
}

#[test]
fn an_older_beat_on_its_way_is_waited_for_until_it_would_have_settled() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    send(&mut traffic, 1, began);
    let now = began + 30 * MILLISECOND;
    assert_eq!(traffic.settles_from(2, now), began + 100 * MILLISECOND);
    assert_eq!(traffic.settles_from(1, now), now, "it is no older");
    assert_eq!(traffic.settles_from(2, began + 200 * MILLISECOND), began + 200 * MILLISECOND);
    send(&mut traffic, 3, now);
    assert_eq!(traffic.settles_from(2, now), began + 100 * MILLISECOND, "a newer one is none");
}

#[test]
fn an_abandoned_beat_may_land_within_the_settling_time_after_that() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    send(&mut traffic, 1, began);
    let (settled, number) = send(&mut traffic, 2, began + 500 * MILLISECOND);
    assert_eq!(settled, 1, "the older one is on its way");
    let acknowledged = began + 510 * MILLISECOND;
    let flight = traffic.land(number).unwrap();
    traffic.acknowledge(&flight, acknowledged);
    assert_eq!((traffic.open(), traffic.round_trip()), (0, 10 * MILLISECOND));
    let settles = acknowledged + 100 * MILLISECOND;
    assert_eq!(traffic.settles_from(2, acknowledged), settles);
    assert_eq!(send(&mut traffic, 2, settles).0, 2);
}

#[test]
fn the_settling_time_follows_what_was_measured() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    let settling_after = |traffic: &mut Traffic, round_trip: u32| {
        let (_, number) = send(traffic, 1, began);
        let flight = traffic.land(number).unwrap();
        traffic.acknowledge(&flight, began + round_trip * MILLISECOND);
        traffic.settling()
    };
    assert_eq!(settling_after(&mut traffic, 20), 100 * MILLISECOND, "the least");
    assert_eq!(settling_after(&mut traffic, 1_000), 4_000 * MILLISECOND);
    assert_eq!(settling_after(&mut traffic, 20), 3_600 * MILLISECOND, "it is forgotten slowly");
    assert_eq!(settling_after(&mut traffic, 2_000), 8_000 * MILLISECOND);
}

#[test]
fn those_that_are_newer_than_the_acknowledged_one_stay_on_their_way() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    let numbers = [1, 2, 3].map(|version| send(&mut traffic, version, began).1);
    let flight = traffic.land(numbers[1]).unwrap();
    traffic.acknowledge(&flight, began);
    assert!(traffic.land(numbers[0]).is_none(), "abandoned");
    assert_eq!(traffic.oldest(), Some(began));
    assert_eq!(traffic.land(numbers[2]).map(|flight| flight.details.version), Some(3));
    assert_eq!((traffic.oldest(), traffic.sent(), traffic.last_sent()), (None, 3, Some(began)));
}

#[test]
fn nothing_lands_a_minute_after_it_was_given_up_on_however_long_a_process_was_frozen() {
    let (mut traffic, began) = (Traffic::default(), Instant::now());
    let (_, number) = send(&mut traffic, 1, began);
    let flight = traffic.land(number).unwrap();
    traffic.acknowledge(&flight, began + 3_600_000 * MILLISECOND);
    assert_eq!(traffic.settling(), 60_000 * MILLISECOND);
}
