//! Loops within loops and beside each other, and what the body saves meanwhile: nothing of it is lost.

use super::{turns::panic_of, *};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Reading {
    book: u64,
    page: u64,
    words: u64,
    closed: u64,
}

const BOOKS: u64 = 3;
const PAGES: u64 = 4;

/// Reads all pages of all books, or so many, and then crashes.
fn read(checkpoint: &Checkpoint<Reading>, most: usize, log: &mut Vec<(u64, u64)>) {
    let mut books = checkpoint.resume_at(0..BOOKS, |state| &mut state.book);
    while let Some(book) = books.next() {
        let book = book.unwrap();
        let mut pages = checkpoint.resume_at(0..PAGES, |state| &mut state.page);
        while let Some(page) = pages.next() {
            if log.len() == most {
                return;
            }
            log.push((book, page.unwrap()));
            pages.state().words += 100;
        }
        books.state().closed += 1;
    }
}

#[test]
fn a_loop_within_a_loop_leaves_nothing_out_wherever_it_is_interrupted() {
    let all: Vec<_> =
        (0..BOOKS).flat_map(|book| (0..PAGES).map(move |page| (book, page))).collect();
    for most in 0..=all.len() {
        let (first, _) = checkpoint(None);
        let mut log = Vec::new();
        read(&first, most, &mut log);
        assert_eq!(log, all[..most]);
        let (second, _) = checkpoint(Some(first.get()));
        // What was handed out when it crashed is not there: it crashed before it.
        read(&second, usize::MAX, &mut log);
        assert_eq!(log, all, "after {most}");
        let done = Reading { book: BOOKS, page: 0, words: 1_200, closed: BOOKS };
        assert_eq!(second.get(), done, "after {most}");
    }
}

#[test]
fn a_loop_of_each_kind_within_another_is_set_back_with_its_item() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct State {
        round: u64,
        last: Option<u64>,
        finished: Finished,
        streamed: u64,
    }
    let (checkpoint, _) = checkpoint::<State>(None);
    let mut log = Vec::new();
    for round in checkpoint.resume_at(0..2, |state| &mut state.round) {
        round.unwrap();
        for key in checkpoint.resume_after([7, 9], |state| &mut state.last, |key| *key) {
            log.push(key.unwrap());
        }
        let work = |item: u64| async move { item };
        let mut calls = checkpoint.resume_concurrent_at(0..2, 2, |state| &mut state.finished, work);
        while let Some(answer) = calls.next().now_or_never().unwrap() {
            log.push(answer.unwrap());
        }
        let items = stream::iter([4, 5]);
        let mut items = checkpoint.resume_stream_at(items, |state| &mut state.streamed).chunks(2);
        while let Some(chunk) = items.next().now_or_never().unwrap() {
            log.extend(chunk.unwrap());
        }
    }
    assert_eq!(log, [7, 9, 0, 1, 4, 5, 7, 9, 0, 1, 4, 5]);
    let State { round, last, finished, streamed } = checkpoint.get();
    assert_eq!((round, last, finished.count(), streamed), (2, None, 0, 0));
}

#[test]
fn a_state_that_was_asked_for_before_a_loop_within_is_not_saved_over_it() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..BOOKS, |state| &mut state.book);
    books.next().unwrap().unwrap();
    books.state().closed += 1;
    checkpoint.resume_at(0..PAGES, |state| &mut state.page).for_each(drop);
    let before = checkpoint.get();
    let words = panic_of(|| books.next());
    assert!(words.contains("ask for `state()` after a loop within this one"), "{words}");
    assert_eq!(checkpoint.get(), before, "nothing is left out by the next attempt");
}

#[test]
fn what_the_body_updates_meanwhile_is_kept() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..BOOKS, |state| &mut state.book);
    books.next().unwrap().unwrap();
    checkpoint.update(|state| state.words = 7).unwrap();
    books.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), Reading { book: 1, words: 7, ..Reading::default() });
    checkpoint.update(|state| state.words += 1).unwrap();
    books.state().closed += 1;
    books.next().unwrap().unwrap();
    let read = Reading { book: 2, words: 8, closed: 1, ..Reading::default() };
    assert_eq!(checkpoint.get(), read);
    books.state().closed += 1;
    checkpoint.update(|state| state.words += 1).unwrap();
    panic_of(|| books.next());
    assert_eq!(checkpoint.get(), Reading { words: 9, ..read });
}

#[test]
fn what_the_body_saves_as_a_whole_meanwhile_is_its_own_affair() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..BOOKS, |state| &mut state.book);
    books.next().unwrap().unwrap();
    // As a `commit` within an item.
    books.state().words = 5;
    checkpoint.save(books.state().clone()).unwrap();
    books.state().words += 1;
    books.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), Reading { book: 1, words: 6, ..Reading::default() });
    // Of two whole values that of the loop is the later one.
    books.state().words = 8;
    checkpoint.save(Reading { book: 1, words: 3, ..Reading::default() }).unwrap();
    assert_eq!(books.state().words, 8);
    books.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), Reading { book: 2, words: 8, ..Reading::default() });
}

#[test]
fn what_the_body_saves_as_a_whole_moves_no_position() {
    let (checkpoint, _) = checkpoint::<Reading>(Some(Reading { book: 1, ..Reading::default() }));
    let mut books = checkpoint.resume_at(0..BOOKS, |state| &mut state.book);
    books.next().unwrap().unwrap();
    // The position is the loop's, whatever the body saves.
    checkpoint.save(Reading { book: 2, words: 1, ..Reading::default() }).unwrap();
    books.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), Reading { book: 2, words: 1, ..Reading::default() });
}

#[test]
fn loops_beside_each_other_keep_what_the_other_one_did() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..3, |state| &mut state.book);
    let mut pages = checkpoint.resume_at(0..3, |state| &mut state.page);
    for done in 0..3 {
        assert_eq!((books.next().unwrap().unwrap(), pages.next().unwrap().unwrap()), (done, done));
        assert_eq!((checkpoint.get().book, checkpoint.get().page), (done, done));
    }
    assert!(books.next().is_none() && pages.next().is_none());
    assert_eq!((checkpoint.get().book, checkpoint.get().page), (3, 3));
}

#[test]
fn a_loop_of_a_phase_that_is_gone_is_not_set_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Phase {
        Copies(u64),
        Checks,
    }
    impl Default for Phase {
        fn default() -> Self {
            Self::Copies(0)
        }
    }
    let (checkpoint, _) = checkpoint::<(u64, Phase)>(None);
    let mut phases = checkpoint.resume_at(0..2, |state| &mut state.0);
    phases.next().unwrap().unwrap();
    let copies = checkpoint.resume_at(0..4, |(_, phase)| match phase {
        Phase::Copies(position) => position,
        Phase::Checks => panic!("no copies any more"),
    });
    assert_eq!(copies.map(Result::unwrap).count(), 4);
    phases.state().1 = Phase::Checks;
    phases.next().unwrap().unwrap();
    assert_eq!(checkpoint.get(), (1, Phase::Checks));
}

#[test]
fn a_loop_within_the_work_of_several_at_once_is_set_back_with_its_item() {
    let (checkpoint, _) = checkpoint::<(Finished, u64)>(None);
    let log = std::sync::Mutex::new(Vec::new());
    let (inner, seen) = (&checkpoint, &log);
    let work = move |book: u64| async move {
        for page in inner.resume_at(0..2, |state| &mut state.1) {
            seen.lock().unwrap().push((book, page.unwrap()));
        }
    };
    let mut books = checkpoint.resume_concurrent_at(0..2, 1, |state| &mut state.0, work);
    while let Some(book) = books.next().now_or_never().unwrap() {
        book.unwrap();
    }
    assert_eq!(*log.lock().unwrap(), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    assert_eq!((checkpoint.get().0.count(), checkpoint.get().1), (2, 0));
}

#[test]
fn a_loop_within_an_item_that_is_kept_beyond_it_leaves_nothing_out_without_a_word() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut kept = Vec::new();
    let words = panic_of(|| {
        for book in checkpoint.resume_at(0..2, |state| &mut state.book) {
            book.unwrap();
            let mut pages = checkpoint.resume_at(0..4, |state| &mut state.page);
            assert_eq!(pages.by_ref().take(2).map(Result::unwrap).count(), 2);
            kept.push(pages);
        }
    });
    assert!(words.contains("was kept beyond the item"), "{words}");
}

#[test]
fn what_is_set_back_is_of_the_item_that_is_done() {
    let (checkpoint, _) = checkpoint(Some((0_u8, 0_u64, vec![0_u64, 0])));
    for book in checkpoint.resume_at(0..2, |state| &mut state.1) {
        book.unwrap();
        let pages = checkpoint.resume_at(0..3, |(_, book, pages)| {
            let book = usize::try_from(*book).unwrap();
            &mut pages[book]
        });
        assert_eq!(pages.map(Result::unwrap).count(), 3);
    }
    assert_eq!(checkpoint.get(), (0, 2, vec![0, 0]));
}

#[test]
fn a_loop_that_was_over_before_stays_where_it_is() {
    let (checkpoint, _) = checkpoint::<(u64, Finished, u64)>(None);
    checkpoint.resume_at(0..4, |state| &mut state.0).for_each(drop);
    let work = |item: u64| async move { item };
    let mut calls = checkpoint.resume_concurrent_at(0..2, 1, |state| &mut state.1, work);
    while let Some(answer) = calls.next().now_or_never().unwrap() {
        answer.unwrap();
    }
    checkpoint.resume_at(0..3, |state| &mut state.2).for_each(drop);
    let (first, finished, last) = checkpoint.get();
    assert_eq!((first, finished.count(), last), (4, 2, 3));
}

#[test]
fn a_loop_within_an_item_is_set_back_whether_it_was_left_or_came_to_its_end() {
    for keeps in [false, true] {
        let (checkpoint, _) = checkpoint::<Reading>(None);
        let (mut log, mut kept) = (Vec::new(), Vec::new());
        for book in checkpoint.resume_at(0..2, |state| &mut state.book) {
            let book = book.unwrap();
            let mut pages = checkpoint.resume_at(0..3, |state| &mut state.page);
            // Left early where it is dropped, kept where it is over.
            let most = if keeps { 9 } else { 2 };
            log.extend(pages.by_ref().take(most).map(|page| (book, page.unwrap())));
            kept.extend(keeps.then_some(pages));
        }
        let pages = if keeps { 3 } else { 2 };
        let all = (0..2).flat_map(|book| (0..pages).map(move |page| (book, page)));
        assert_eq!(log, all.collect::<Vec<_>>());
    }
}

#[test]
fn a_loop_made_before_an_item_is_beside_it_and_not_within() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..2, |state| &mut state.book);
    let pages = checkpoint.resume_at(0..4, |state| &mut state.page);
    books.next().unwrap().unwrap();
    assert_eq!(pages.map(Result::unwrap).count(), 4);
    books.next().unwrap().unwrap();
    assert_eq!((checkpoint.get().book, checkpoint.get().page), (1, 4));
}

#[test]
fn a_loop_beside_an_item_that_was_dropped_goes_on_where_it_was() {
    let (checkpoint, _) = checkpoint::<Reading>(None);
    let mut books = checkpoint.resume_at(0..2, |state| &mut state.book);
    books.next().unwrap().unwrap();
    let mut pages = checkpoint.resume_at(0..4, |state| &mut state.page);
    assert_eq!(pages.by_ref().take(3).map(Result::unwrap).count(), 3);
    // Still there when the item is done, and gone afterwards, as after a failure of one of two tasks.
    books.next().unwrap().unwrap();
    drop(pages);
    let left = checkpoint.resume_at(0..4, |state| &mut state.page).map(Result::unwrap);
    assert_eq!(left.collect::<Vec<_>>(), [2, 3]);
}
