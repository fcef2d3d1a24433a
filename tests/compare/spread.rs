//! The median, and how far numbers lie apart.

use autobeat_tests::compare::spread::Spread;

#[test]
fn an_odd_count_has_one_in_the_middle() {
    let spread = Spread::of([3.0, 1.0, 2.0]);
    assert_eq!((spread.median, spread.least, spread.most, spread.count), (2.0, 1.0, 3.0, 3));
    assert_eq!(spread.samples, [1.0, 2.0, 3.0]);
}

#[test]
fn an_even_count_has_its_median_between_two() {
    assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
}

#[test]
fn numbers_have_three_digits() {
    assert_eq!(Spread::of([0.123_456]).samples, [0.123]);
}

#[test]
fn of_nothing_there_is_nothing() {
    assert_eq!(Spread::of([]), Spread::default());
}
