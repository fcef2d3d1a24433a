//! Whether an activity resumes, wherever it crashes.

mod allowance;
mod case;
mod judge;
mod story;

use std::{
    fmt::{self, Debug},
    hash::{BuildHasher, RandomState},
};

use self::{
    allowance::Allowance,
    case::{At, Case, cases, draw},
    story::{Story, incomplete, unsteady},
};
pub(super) use self::{
    judge::{Account, Rule, missing},
    story::{Chapter, Telling, times},
};
use super::{
    WithoutInstance, WithoutServer,
    event::{Event, Point},
    perform::{Curtain, off_runtime},
    real_time::Endless,
    scene::{Output, Play, Scene, most_attempts},
    unwinding::CAUGHT,
};
use crate::worker::Activity;

/// An activity that saves more often than this has its saves drawn.
const MOST_SAVES: u64 = 200;

/// How many saves are tried where they are drawn.
const DRAWN_SAVES: u64 = 40;

/// How often an attempt that nothing disturbs may fail in a way that is retried.
const RETRIES: usize = 3;

/// Checks that an activity resumes: crashes it at every save, goes on from what a server would hold, and
/// compares.
///
/// It runs the activity undisturbed, and then in a fresh world for every save: with a crash right before
/// it, right after it, with some of the last saves lost that no heartbeat carried, with all of them lost,
/// and with the next attempt crashing as well, before or after the server learns more of it. Each time it must complete with the same result, and with
/// each effect that the undisturbed run has.
///
/// ```
/// use std::{
///     fs::{self, OpenOptions},
///     io::{self, Write},
///     path::PathBuf,
/// };
///
/// use autobeat::{Checkpoint, activity, testing::ResumeCheck};
/// use temporalio_sdk::activities::ActivityError;
///
/// #[activity(heartbeat_timeout = "30s")]
/// async fn import(checkpoint: Checkpoint<u64>, book: PathBuf) -> Result<u64, ActivityError> {
///     for row in checkpoint.resume(0..5) {
///         writeln!(OpenOptions::new().create(true).append(true).open(&book)?, "row {}", row?)?;
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
///     fn input(&self) -> PathBuf {
///         self.folder.path().join("book")
///     }
///
///     fn lines(&self) -> Vec<String> {
///         fs::read_to_string(self.input()).unwrap().lines().map(str::to_owned).collect()
///     }
/// }
///
/// // The one line:
/// ResumeCheck::in_world(import, World::new, World::input).effects(World::lines).repeats_at_most(1).run();
/// ```
///
/// It is driven by saves, and no heartbeat goes out by the clock: so a body may block its thread. Timers
/// take no time; a body that waits with a timeout for threads or sockets of its own is checked
/// [in real time](Self::in_real_time). Each attempt has a runtime of its own, and what the body spawned
/// there dies with it; threads that it started itself do not.
#[must_use = "a check does nothing unless it is run"]
pub struct ResumeCheck<A: Activity, W> {
    scene: Scene<A, W>,
    rule: Rule,
    repeats: Option<u64>,
    seed: Option<u64>,
    drawn: Option<u64>,
    only: Option<Case>,
}

impl<A: Activity, W> fmt::Debug for ResumeCheck<A, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeCheck")
            .field("activity_type", &self.scene.activity_type)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

impl<A, W> ResumeCheck<A, W>
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

impl<A, W> ResumeCheck<A, W>
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
        let rule = Rule { same_result: true, same_effects: true };
        let scene = Scene::new(activity, world, instance, input);
        Self { scene, rule, repeats: None, seed: None, drawn: None, only: None }
    }

    /// How to see in a world what was done: each effect that an undisturbed run has must be there as
    /// often at least, and no other. Effects are told apart by what `Debug` shows of them.
    pub fn effects<E>(mut self, effects: impl Fn(&W) -> E + Send + 'static) -> Self
    where
        E: IntoIterator<Item: Debug>,
    {
        self.scene.look(effects);
        self
    }

    /// What may be done again: with 1, what was done since the save that the server holds, and nothing
    /// before it; where several items are on their way at once, their number, since a crash repeats all
    /// but the one that was saved; with 0, nothing at all. Otherwise, anything.
    pub fn repeats_at_most(mut self, repeats: u64) -> Self {
        self.repeats = Some(repeats);
        self
    }

    /// Its result may be another one after a crash: it says how long it took, or how often it tried.
    pub fn any_result(mut self) -> Self {
        self.rule.same_result = false;
        self
    }

    /// What is drawn is drawn from this. Where all saves are tried it is 0 otherwise; where they are
    /// drawn, another one each time, which is printed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Tries at most this many saves, the first, the last and some that are drawn. Otherwise all are
    /// tried up to 200, and 40 of more.
    pub fn saves_tried(mut self, most: u64) -> Self {
        self.drawn = Some(most);
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

    /// Timers take their time, for bodies that wait with a timeout for threads or sockets of their own; and
    /// the runtime has several threads, as that of a worker, for bodies that `block_in_place`.
    pub fn in_real_time(mut self) -> Self {
        self.scene.in_real_time = true;
        self
    }

    /// Runs the check; on a thread of its own where this one belongs to a runtime.
    ///
    /// # Panics
    ///
    /// With the story of the smallest case in which the activity does not resume. Also where there is
    /// nothing to check: it does not complete undisturbed, or not twice in the same way, it saves nothing,
    /// or it returns nothing and no effects are looked at.
    #[track_caller]
    pub fn run(self) {
        let failure = off_runtime(move || self.failure());
        // Not from within, so that the place is that of the test.
        if let Some(failure) = failure {
            panic!("{failure}");
        }
    }

    fn failure(&self) -> Option<String> {
        let undisturbed = match self.scene.undisturbed(self.rule) {
            Ok(undisturbed) => undisturbed,
            Err(failure) => return Some(failure),
        };
        let name = &self.scene.activity_type;
        let saves = undisturbed.chapters.first().map_or(0, |chapter| chapter.saves);
        if saves == 0 {
            return Some(format!(
                "`{name}` saves nothing, so there is nothing that it could resume from: has its world \
                 something for it to do?"
            ));
        }
        if most_attempts::<A>() == Some(1) {
            return Some(format!(
                "`{name}` does not resume: it has `max_attempts = 1`, so no attempt follows a crash"
            ));
        }
        let failure = self.first_failure(&undisturbed, saves);
        failure.or_else(|| self.nothing_compared(&undisturbed.account))
    }

    /// Why nothing that passes proves anything.
    fn nothing_compared(&self, undisturbed: &Account) -> Option<String> {
        let name = &self.scene.activity_type;
        if self.repeats.is_some() && undisturbed.effects.is_empty() {
            return Some(format!(
                "`.repeats_at_most(…)` has nothing to count: an undisturbed run of `{name}` has no \
                 effects, so say with `.effects(…)` how to see what it did"
            ));
        }
        let says_nothing = undisturbed.result.as_ref().is_ok_and(Output::is_nothing);
        (self.rule.same_result && says_nothing && !self.scene.is_looked_at()).then(|| {
            format!(
                "`{name}` returns nothing, so nothing tells whether it did all of its work: say with \
                 `.effects(…)` how to see what it did (or with `.any_result()` that it is enough if it \
                 completes)"
            )
        })
    }

    fn first_failure(&self, undisturbed: &Whole, saves: u64) -> Option<String> {
        let most = self.drawn.unwrap_or(if saves > MOST_SAVES { DRAWN_SAVES } else { saves });
        let is_drawn = saves > most;
        let fresh = || RandomState::new().hash_one(saves);
        let seed = self.seed.unwrap_or_else(|| if is_drawn { fresh() } else { 0 });
        let mut random = fastrand::Rng::with_seed(seed);
        let tried = draw(saves, most, &mut random);
        if is_drawn {
            let (name, tried) = (&self.scene.activity_type, tried.len());
            eprintln!("`{name}` saves {saves} times, {tried} of them are tried: `.seed({seed})`");
        }
        let mut cases =
            self.only.clone().map_or_else(|| cases(&tried, saves, &mut random), |it| vec![it]);
        if let Some(most) = most_attempts::<A>() {
            cases.retain(|case| case.0.len() < most as usize);
        }
        let mut allowance = Allowance::new(self.repeats);
        cases.iter().find_map(|case| {
            let _telling = Telling(case);
            let whole = self.scene.play(case);
            let wrong = self.wrong(&whole, undisturbed, &mut allowance);
            let story = Story {
                activity_type: &self.scene.activity_type,
                undisturbed,
                whole: &whole,
                wrong: &wrong,
                case,
                seed: is_drawn.then_some(seed),
            };
            (!wrong.is_empty()).then(|| story.to_string())
        })
    }

    /// What is wrong in a case, a line each.
    fn wrong(&self, whole: &Whole, undisturbed: &Whole, allowance: &mut Allowance) -> Vec<String> {
        if whole.chapters.iter().any(|chapter| chapter.has_caught_it) {
            return vec![CAUGHT.to_owned()];
        }
        let may_repeat = allowance.of(whole, |save| self.scene.effects_at(save));
        let mut wrong = self.rule.judge(&undisturbed.account, &whole.account, may_repeat);
        if wrong.is_empty()
            && self.only.is_some()
            && !whole.chapters.iter().all(Chapter::is_as_told)
        {
            wrong.push("this case does not come to pass: no attempt is at that save".to_owned());
        }
        wrong
    }
}

/// All attempts of one case.
pub(super) struct Whole {
    pub(super) chapters: Vec<Chapter>,
    pub(super) account: Account,
}

impl<A, W> Scene<A, W>
where
    A: Activity<Context: WithoutServer>,
{
    /// What comes of it where nothing disturbs it, or why nothing can be compared with that.
    pub(super) fn undisturbed(&self, rule: Rule) -> Result<Whole, String> {
        let name = &self.activity_type;
        let undisturbed = self.play(&Case(Vec::new()));
        if let Err(how) = &undisturbed.account.result {
            return Err(incomplete(name, how, undisturbed.chapters.len()));
        }
        let again = self.play(&Case(Vec::new()));
        let differs = rule.judge(&undisturbed.account, &again.account, Some(0));
        if differs.is_empty() { Ok(undisturbed) } else { Err(unsteady(name, &differs)) }
    }

    /// Plays a case in a fresh world, to the end.
    fn play(&self, case: &Case) -> Whole {
        let mut play = self.open();
        let mut chapters = Vec::new();
        for crash in &case.0 {
            let held = play.held.clone();
            let mut played = play.attempt(crash.script());
            let is_over = matches!(played.curtain, Curtain::Answered(_));
            if is_over && crash.at == At::End && played.curtain.is_completed() {
                played.curtain = Curtain::Crashed;
            }
            let goes_on = play.goes_on(&played.curtain);
            let mut chapter = Chapter::of(&held, &played, Some(*crash));
            chapter.done =
                matches!(played.curtain, Curtain::Crashed).then(|| self.effect_count(&play.world));
            chapters.push(chapter);
            if !goes_on {
                return self.told(&play, chapters, &played.curtain);
            }
        }
        self.finish(&mut play, chapters)
    }

    /// How many effects there are at this save.
    fn effects_at(&self, save: u64) -> u64 {
        let mut play = self.open();
        play.attempt(vec![(Point::Save(save), Event::Crash)]);
        self.effect_count(&play.world)
    }

    /// Plays attempts that nothing disturbs until there is none after them.
    pub(super) fn finish(&self, play: &mut Play<'_, A, W>, mut chapters: Vec<Chapter>) -> Whole {
        for retry in 0.. {
            let held = play.held.clone();
            let played = play.attempt(Vec::new());
            chapters.push(Chapter::of(&held, &played, None));
            if !play.goes_on(&played.curtain) || retry == RETRIES {
                return self.told(play, chapters, &played.curtain);
            }
        }
        unreachable!("it is over after the last retry")
    }

    fn told(
        &self,
        play: &Play<'_, A, W>,
        chapters: Vec<Chapter>,
        end: &Curtain<A::Output>,
    ) -> Whole {
        let result = match end {
            Curtain::Answered(Ok(output)) => Ok(Output::of(output)),
            Curtain::Endless(Endless::Still) => {
                Err(format!("{end} (where it comes later, check it `.in_real_time()`)"))
            }
            other => Err(other.to_string()),
        };
        let account = Account { result, effects: self.effects(&play.world) };
        Whole { chapters, account }
    }
}
