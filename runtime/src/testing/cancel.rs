//! Whether an activity stops cleanly, wherever it is told to.

mod case;
mod judge;

use std::{
    fmt::{self, Debug},
    hash::{BuildHasher, RandomState},
};

use self::{
    case::{Case, draw, points},
    judge::{Rule, is_stopped},
};
use super::{
    WithoutInstance, WithoutServer,
    event::Point,
    perform::{Curtain, off_runtime},
    resume::{Chapter, Rule as ResumeRule, Telling, Whole, missing, times},
    scene::{Output, Played, Scene},
};
use crate::{cancel::CancelReason, worker::Activity};

/// An activity with more points than this has them drawn.
const MOST_POINTS: usize = 400;

/// How many points are tried where they are drawn.
const DRAWN_POINTS: usize = 100;

/// Why an attempt is told to stop where nothing else is asked for.
const REASONS: [CancelReason; 3] =
    [CancelReason::Requested, CancelReason::Paused, CancelReason::WorkerShutdown];

/// Says of a world whether what is to be cleaned up for this reason was.
type CleanedUp<W> = Box<dyn Fn(&W, CancelReason) -> bool + Send>;

/// Checks that an activity stops cleanly: tells it to stop at every save and at every `.await` that is
/// not ready, in a fresh world each time, as requested, for a pause, and for the worker's shutdown.
///
/// Each time the body must come to its end within its grace, by passing the cancellation on, or by
/// completing as it does undisturbed; and where another attempt follows, that one must complete from the
/// checkpoint that is kept.
///
/// ```
/// use std::{fs, path::PathBuf};
///
/// use autobeat::{CancelReason, Cancelled, Checkpoint, activity, testing::CancelCheck};
/// use temporalio_sdk::activities::ActivityError;
///
/// #[activity(heartbeat_timeout = "30s")]
/// async fn draft(checkpoint: Checkpoint<u64>, path: PathBuf) -> Result<u64, ActivityError> {
///     for page in checkpoint.resume(0..5) {
///         match page {
///             Ok(page) => fs::write(&path, format!("{page} pages"))?,
///             Err(cancelled) => {
///                 if cancelled.is_requested() {
///                     fs::remove_file(&path)?;
///                 }
///                 return Err(cancelled.into());
///             }
///         }
///     }
///     Ok(5)
/// }
///
/// struct World {
///     folder: tempfile::TempDir,
/// }
///
/// impl World {
///     fn new() -> Self {
///         Self { folder: tempfile::tempdir().unwrap() }
///     }
///
///     fn draft(&self) -> PathBuf {
///         self.folder.path().join("draft")
///     }
///
///     /// A pause and a shutdown go on later: then it stays.
///     fn is_clean(&self, reason: CancelReason) -> bool {
///         self.draft().exists() != (reason == CancelReason::Requested)
///     }
/// }
///
/// CancelCheck::in_world(draft, World::new, World::draft).cleaned_up(World::is_clean).run();
/// ```
///
/// It runs as a [`ResumeCheck`](super::ResumeCheck) does. A grace is measured: what the body waits for by
/// timers counts in full, although it takes no time, and what it waits for else counts in real time, up to
/// 10 s.
#[must_use = "a check does nothing unless it is run"]
pub struct CancelCheck<A: Activity, W> {
    scene: Scene<A, W>,
    rule: Rule,
    cleaned_up: Option<CleanedUp<W>>,
    reasons: Vec<CancelReason>,
    seed: Option<u64>,
    only: Option<Case>,
}

impl<A: Activity, W> fmt::Debug for CancelCheck<A, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CancelCheck")
            .field("activity_type", &self.scene.activity_type)
            .field("rule", &self.rule)
            .field("reasons", &self.reasons)
            .finish_non_exhaustive()
    }
}

impl<A, W> CancelCheck<A, W>
where
    A: Activity<Instance: WithoutInstance, Context: WithoutServer>,
{
    /// Checks a function: `world` makes a fresh world for each case, `input` what the activity is told
    /// of it.
    pub fn in_world(
        activity: A,
        world: impl Fn() -> W + Send + 'static,
        input: impl Fn(&W) -> A::Input + Send + 'static,
    ) -> Self {
        Self::of_method(activity, world, |_| WithoutInstance::without_instance(), input)
    }
}

impl<A, W> CancelCheck<A, W>
where
    A: Activity<Context: WithoutServer>,
{
    /// Checks a method: `instance` gives what it is called on, for each attempt.
    pub fn of_method(
        activity: A,
        world: impl Fn() -> W + Send + 'static,
        instance: impl Fn(&W) -> A::Instance + Send + 'static,
        input: impl Fn(&W) -> A::Input + Send + 'static,
    ) -> Self {
        let is_left_alone = A::OPTIONS.grace(true).is_none();
        let rule = Rule { under_way: 1, is_left_alone, may_complete: false };
        let scene = Scene::new(activity, world, instance, input);
        let reasons = REASONS.to_vec();
        Self { scene, rule, cleaned_up: None, reasons, seed: None, only: None }
    }

    /// How to tell that a body which stopped has cleaned up what is to be cleaned up for this reason.
    pub fn cleaned_up(
        mut self,
        is_clean: impl Fn(&W, CancelReason) -> bool + Send + 'static,
    ) -> Self {
        self.cleaned_up = Some(Box::new(is_clean));
        self
    }

    /// How to see in a world what was done: where another attempt follows, the effects of an undisturbed
    /// run must be there in the end.
    pub fn effects<E>(mut self, effects: impl Fn(&W) -> E + Send + 'static) -> Self
    where
        E: IntoIterator<Item: Debug>,
    {
        self.scene.look(effects);
        self
    }

    /// Why it is told to stop. Otherwise: as requested, for a pause, and for the worker's shutdown.
    pub fn reasons(mut self, reasons: impl IntoIterator<Item = CancelReason>) -> Self {
        self.reasons = reasons.into_iter().collect();
        self
    }

    /// How many items may be brought to their end after it was told to stop; otherwise 1.
    pub fn under_way(mut self, items: u64) -> Self {
        self.rule.under_way = items;
        self
    }

    /// It may complete when it is told to stop, with a result that says so.
    pub fn may_complete(mut self) -> Self {
        self.rule.may_complete = true;
        self
    }

    /// What is drawn is drawn from this, where there are more than 400 points. Otherwise from another
    /// one each time, which is printed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Runs this case alone, as a failure has printed it.
    ///
    /// # Panics
    ///
    /// Where it is no case.
    #[track_caller]
    pub fn only(mut self, case: &str) -> Self {
        let read = case.parse();
        self.only = Some(read.unwrap_or_else(|()| panic!("`{case}` is no case of this check")));
        self
    }

    /// Timers take their time, for bodies that wait with a timeout for threads or sockets of their own,
    /// or whose clean-up does; and the runtime has several threads, as that of a worker, for bodies that
    /// `block_in_place`.
    pub fn in_real_time(mut self) -> Self {
        self.scene.in_real_time = true;
        self
    }

    /// Runs the check; on a thread of its own where this one belongs to a runtime.
    ///
    /// # Panics
    ///
    /// With the story of the first case in which the activity does not stop cleanly. Also where there is
    /// nothing to check: it does not complete undisturbed, or not twice in the same way, or there is no
    /// point at which it could be told.
    #[track_caller]
    pub fn run(self) {
        let failure = off_runtime(move || self.failure());
        // Not from within, so that the place is that of the test.
        if let Some(failure) = failure {
            panic!("{failure}");
        }
    }

    fn failure(&self) -> Option<String> {
        let rule = ResumeRule { same_result: true, same_effects: true };
        let undisturbed = match self.scene.undisturbed(rule) {
            Ok(undisturbed) => undisturbed,
            Err(failure) => return Some(failure),
        };
        let name = &self.scene.activity_type;
        let first = undisturbed.chapters.first();
        let (saves, gave_way) = first.map_or((0, 0), |first| (first.saves, first.gave_way));
        if saves + gave_way == 0 {
            return Some(format!(
                "`{name}` neither saves nor waits, so nothing can tell it to stop"
            ));
        }
        let cases = match self.only {
            Some(case) => vec![case],
            None => self.cases(self.points(saves, gave_way)),
        };
        if cases.is_empty() {
            return Some(format!("`{name}` is told to stop for no reason: `.reasons(…)` has none"));
        }
        cases.into_iter().find_map(|case| {
            let _telling = Telling(&case);
            let (played, wrong) = self.wrong(case, &undisturbed)?;
            Some(self.story(case, &undisturbed, &played, &wrong))
        })
    }

    fn points(&self, saves: u64, gave_way: u64) -> Vec<Point> {
        let points = points(saves, gave_way);
        if points.len() <= MOST_POINTS {
            return points;
        }
        let name = &self.scene.activity_type;
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(saves));
        eprintln!(
            "`{name}` has {} points, {DRAWN_POINTS} of them are tried: `.seed({seed})`",
            points.len()
        );
        draw(points, DRAWN_POINTS, &mut fastrand::Rng::with_seed(seed))
    }

    fn cases(&self, points: Vec<Point>) -> Vec<Case> {
        let of = |point| self.reasons.iter().map(move |reason| Case { reason: *reason, point });
        points.into_iter().flat_map(of).collect()
    }

    /// Plays a case; what is wrong in it, if anything is.
    fn wrong(&self, case: Case, undisturbed: &Whole) -> Option<(Played<A::Output>, Vec<String>)> {
        let mut play = self.scene.open();
        let held = play.held.clone();
        let played = play.attempt(case.script());
        let mut wrong = self.rule.judge(case.reason, undisturbed, &played);
        if wrong.is_empty() && played.curtain.is_completed() && !self.rule.may_complete {
            wrong.extend(self.left_undone(undisturbed, &played, &play.world));
        }
        let is_clean = self.cleaned_up.as_ref().is_none_or(|it| it(&play.world, case.reason));
        let is_stopped = is_stopped(&played.curtain, case.reason)
            || (self.rule.may_complete && self.is_cut_short(undisturbed, &played, &play.world));
        if is_stopped && !is_clean {
            wrong.push("it has not cleaned up".to_owned());
        }
        if wrong.is_empty() && played.curtain.is_retried() {
            let chapters = vec![Chapter::without_crash(&held, &played)];
            let whole = self.scene.finish(&mut play, chapters);
            // What it cleaned up may be seen as well.
            let rule = ResumeRule { same_result: !self.rule.may_complete, same_effects: false };
            let after = rule.judge(&undisturbed.account, &whole.account, None);
            wrong.extend(after.into_iter().map(|line| format!("in the attempt after it: {line}")));
        }
        if self.only.is_some() && played.traces.saves_after_told.is_none() {
            wrong.push(
                "this case does not come to pass: the attempt is never at that point".to_owned(),
            );
        }
        (!wrong.is_empty()).then_some((played, wrong))
    }

    /// Whether a body has completed, but not with all that it does undisturbed.
    fn is_cut_short(&self, undisturbed: &Whole, played: &Played<A::Output>, world: &W) -> bool {
        let Curtain::Answered(Ok(output)) = &played.curtain else { return false };
        let differs = undisturbed.account.result.as_ref().is_ok_and(|it| *it != Output::of(output));
        differs || !self.left_undone(undisturbed, played, world).is_empty()
    }

    /// What a body that completed although it was told to stop has not done, a line each.
    fn left_undone(
        &self,
        undisturbed: &Whole,
        played: &Played<A::Output>,
        world: &W,
    ) -> Vec<String> {
        if self.scene.is_looked_at() {
            let missing = missing(&undisturbed.account.effects, &self.scene.effects(world));
            return missing.into_iter().map(|line| format!("it completed, but {line}")).collect();
        }
        let says_nothing = undisturbed.account.result.as_ref().is_ok_and(Output::is_nothing);
        let all = undisturbed.chapters.first().map_or(0, |first| first.saves);
        if says_nothing && played.traces.saves < all {
            let (saves, all) = (times(played.traces.saves), times(all));
            return vec![format!(
                "it completed, but saved {saves} instead of {all} (where it had done all: say with \
                 `.effects(…)` how to see that; where it may leave something out: `.may_complete()`)"
            )];
        }
        Vec::new()
    }

    fn story(
        &self,
        case: Case,
        undisturbed: &Whole,
        played: &Played<A::Output>,
        wrong: &[String],
    ) -> String {
        let name = &self.scene.activity_type;
        let saves = times(played.traces.saves_after_told.unwrap_or_default());
        let mut story = vec![format!("`{name}` does not stop cleanly\n")];
        let chapters = undisturbed.chapters.iter();
        story.extend(chapters.map(|chapter| format!("  undisturbed, it {chapter}")));
        story.push(format!("  told to stop ({case}), it saves {saves}, and {}\n", played.curtain));
        story.extend(wrong.iter().map(|line| format!("  {line}")));
        story.push(format!("\nThis case alone: `.only(\"{case}\")`"));
        story.join("\n")
    }
}
