//! An activity with a fresh world for every case, and attempts of it that are driven by its saves.
//!
//! No heartbeat goes out by the clock here: what the server holds is what the script of a case says. So
//! bodies that block their thread can be checked, and a clock that runs ahead ends no attempt.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use temporalio_common::{
    data_converters::{PayloadConverter, TemporalSerializable},
    protos::temporal::api::common::v1::Payload,
};

use super::{
    WithoutServer,
    ended::Traces,
    event::{Event, Point},
    perform::{Cast, Curtain, perform},
    stage::Stage,
    trial::encode_input,
};
use crate::{attempt::excerpt, checkpoint::encode, handle::key_of, worker::Activity};

/// Effects in words, and how often each was done.
pub(super) type Effects = BTreeMap<String, u64>;

/// Makes something of a world.
type Of<W, T> = Box<dyn Fn(&W) -> T + Send>;

/// Shows each effect in a world.
type Look<W> = Box<dyn Fn(&W, &mut dyn FnMut(&dyn Debug)) + Send>;

/// An activity, and how its world is made and looked at.
pub(super) struct Scene<A: Activity, W> {
    pub(super) activity_type: String,
    /// The same in each world, so that effects which hold it can be compared.
    key: Arc<str>,
    pub(super) world: Box<dyn Fn() -> W + Send>,
    instance: Of<W, A::Instance>,
    input: Of<W, A::Input>,
    effects: Option<Look<W>>,
    pub(super) in_real_time: bool,
}

/// An attempt that is over.
pub(super) struct Played<T> {
    pub(super) curtain: Curtain<T>,
    pub(super) traces: Traces,
}

/// The attempts of one piece of work in one world.
pub(super) struct Play<'a, A: Activity, W> {
    scene: &'a Scene<A, W>,
    pub(super) world: W,
    input: Vec<Payload>,
    /// What the server holds.
    pub(super) held: Vec<Payload>,
    number: u32,
}

impl<A, W> Scene<A, W>
where
    A: Activity<Context: WithoutServer>,
{
    #[expect(clippy::needless_pass_by_value, reason = "a marker, as it is handed to a workflow")]
    pub(super) fn new(
        activity: A,
        world: impl Fn() -> W + Send + 'static,
        instance: impl Fn(&W) -> A::Instance + Send + 'static,
        input: impl Fn(&W) -> A::Input + Send + 'static,
    ) -> Self {
        Self {
            activity_type: activity.name().to_owned(),
            key: key_of("test-run", activity.name()),
            world: Box::new(world),
            instance: Box::new(instance),
            input: Box::new(input),
            effects: None,
            in_real_time: false,
        }
    }

    /// How to see what was done in a world.
    pub(super) fn look<E>(&mut self, effects: impl Fn(&W) -> E + Send + 'static)
    where
        E: IntoIterator<Item: Debug>,
    {
        self.effects = Some(Box::new(move |world, see| {
            for effect in effects(world) {
                see(&effect);
            }
        }));
    }

    /// What was done in a world.
    pub(super) fn effects(&self, world: &W) -> Effects {
        let mut found = Effects::new();
        self.see(world, &mut |effect| *found.entry(format!("{effect:?}")).or_default() += 1);
        found
    }

    /// How many effects there are in a world.
    pub(super) fn effect_count(&self, world: &W) -> u64 {
        let mut count = 0;
        self.see(world, &mut |_| count += 1);
        count
    }

    fn see(&self, world: &W, see: &mut dyn FnMut(&dyn Debug)) {
        if let Some(effects) = &self.effects {
            effects(world, see);
        }
    }

    /// Whether anybody looks at what is done in a world.
    pub(super) fn is_looked_at(&self) -> bool {
        self.effects.is_some()
    }

    /// A fresh world, before the first attempt.
    pub(super) fn open(&self) -> Play<'_, A, W> {
        let world = (self.world)();
        let input = encode_input(&(self.input)(&world));
        Play { scene: self, world, input, held: Vec::new(), number: 0 }
    }
}

impl<A, W> Play<'_, A, W>
where
    A: Activity<Context: WithoutServer>,
{
    /// Whether another attempt follows one that ended so.
    pub(super) fn goes_on(&self, curtain: &Curtain<A::Output>) -> bool {
        let may_go_on = most_attempts::<A>().is_none_or(|most| self.number < most);
        curtain.is_retried() && may_go_on
    }

    /// The next attempt, with what is to happen to it.
    pub(super) fn attempt(&mut self, script: Vec<(Point, Event)>) -> Played<A::Output> {
        self.number += 1;
        let stage = Arc::new(
            Stage::new(self.held.clone(), script).driven(A::OPTIONS, self.scene.in_real_time),
        );
        let cast = Cast {
            activity_type: &self.scene.activity_type,
            input: &self.input,
            details: self.held.clone(),
            number: self.number,
            key: &self.scene.key,
            timeline: Vec::new(),
            in_real_time: self.scene.in_real_time,
        };
        let (curtain, _) = perform::<A>(&stage, (self.scene.instance)(&self.world), &cast);
        let traces = stage.traces();
        self.held.clone_from(&traces.held);
        Played { curtain, traces }
    }
}

/// How many attempts the attribute allows.
pub(super) fn most_attempts<A: Activity>() -> Option<u32> {
    A::OPTIONS.attempts().filter(|most| *most > 0)
}

/// How much is shown of a long result, before and after where it differs.
const CONTEXT: usize = 40;

/// What an activity completed with, so that two of them can be compared.
#[derive(Clone, Debug)]
pub(super) struct Output(Payload);

impl Output {
    pub(super) fn of<T>(output: &T) -> Self
    where
        T: TemporalSerializable + 'static,
    {
        let payload = encode(&PayloadConverter::default(), output);
        Self(payload.unwrap_or_else(|error| panic!("the result cannot be serialised: {error}")))
    }

    /// Whether it says nothing, as that of `()`.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.data.is_empty() || self.0.data == b"null"
    }

    /// In words: from shortly before where it differs from another one.
    pub(super) fn text(&self, other: &Self) -> String {
        let [own, others] = [self, other].map(|it| String::from_utf8_lossy(&it.0.data));
        let same = own.chars().zip(others.chars()).take_while(|(own, other)| own == other).count();
        let from = if same > CONTEXT { same - CONTEXT / 2 } else { 0 };
        let shown: String = own.chars().skip(from).take(2 * CONTEXT).collect();
        let (before, after) = (from > 0, own.chars().count() > from + 2 * CONTEXT);
        let dots = |is_more: bool| if is_more { "…" } else { "" };
        format!("{}{shown}{}", dots(before), dots(after))
    }
}

impl PartialEq for Output {
    /// As data: the order of a map's entries means nothing.
    fn eq(&self, other: &Self) -> bool {
        let read = |output: &Self| serde_json::from_slice::<serde_json::Value>(&output.0.data).ok();
        self.0.data == other.0.data || read(self).is_some_and(|value| read(other) == Some(value))
    }
}

/// Details in words.
pub(super) fn text(details: &[Payload]) -> String {
    match details.first() {
        None => "nothing".to_owned(),
        Some(payload) if payload.data.is_empty() || payload.data == b"null" => {
            "a null, which is taken for nothing".to_owned()
        }
        Some(payload) => excerpt(payload),
    }
}
