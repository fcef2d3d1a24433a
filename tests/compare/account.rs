//! What is read of a process and of the starts of its activities.

use std::time::Duration;

use autobeat_tests::compare::{
    many::{SLEEP, most_at_once},
    process::Usage,
};

/// As Linux writes it, of a program whose name has all that a name can have.
const STAT: &str = "4711 (a ) b (c) S 1 4711 4711 0 -1 4194560 900 0 0 0 123 45 0 0 20 0 5 0 99 \
                    123456789 2048 18446744073709551615 1 1 0 0 0 0 0 4096 81920 0 0 0 17 1 0 0 0";
const STATUS: &str = "Name:\ta\nVmPeak:\t  999 kB\nVmHWM:\t   31240 kB\nVmRSS:\t   30120 kB\n\
                      Threads:\t5\n";

#[test]
fn time_and_memory_are_read_as_linux_writes_them() {
    let usage = Usage::parse(STAT, STATUS).expect("an account");
    let processor = Duration::from_millis(1_680);
    assert_eq!(usage, Usage { processor, resident: 30_120, peak: 31_240, threads: 5 });
}

#[test]
fn an_account_that_is_cut_off_is_none() {
    assert_eq!(Usage::parse("4711 (a) S 1", STATUS), None);
    assert_eq!(Usage::parse(STAT, "Name:\ta\n"), None);
}

#[test]
fn at_once_are_those_that_have_begun_and_are_not_over() {
    let at = |seconds| Duration::from_secs(seconds);
    assert_eq!(most_at_once(&[]), 0);
    assert_eq!(most_at_once(&[at(5), at(0), at(39)]), 3);
    // The first is over in the moment in which the third begins.
    assert_eq!(most_at_once(&[at(0), at(10), SLEEP]), 2);
}
