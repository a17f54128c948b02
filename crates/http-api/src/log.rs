//! The server's own log as clients see it: the last lines, and the levels of its topics.
//!
//! A topic stands for some targets of log events, which are the crates that log. Everything
//! that is in no other topic is `general`.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use parking_lot::Mutex;
use platform::Platform;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::reload;

/// Topics and the targets of each.
const TOPICS: &[(&str, &[&str])] = &[
    ("aql", &["aql"]),
    ("cluster", &["cluster"]),
    ("database", &["database"]),
    ("engines", &["store", "store_redb", "store_postgres"]),
    ("foxx", &["foxx", "service"]),
    (GENERAL, &[]),
    ("requests", &["http_api"]),
    ("v8", &["js_engine"]),
];

const GENERAL: &str = "general";

/// Limits of the log that is kept in memory.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Lines that are kept; older ones are forgotten.
    pub lines_max: usize,
    /// Bytes of one line that are kept; the rest is cut off.
    pub line_bytes_max: usize,
}

impl LogSettings {
    /// Enough to see what happened lately.
    pub fn recommended() -> Self {
        Self {
            lines_max: 2_048,
            line_bytes_max: 4_096,
        }
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) topic: &'static str,
    pub(crate) level: Level,
    pub(crate) unix_ms: u64,
    pub(crate) text: String,
}

#[derive(Default)]
struct Lines {
    next_id: u64,
    kept: VecDeque<Line>,
}

/// The last lines of the log and the filter that decides what becomes one.
pub struct Log {
    settings: LogSettings,
    platform: Platform,
    lines: Mutex<Lines>,
    at_start: Targets,
    filter: Mutex<Targets>,
    /// Tells the subscriber of a changed filter.
    apply: Box<dyn Fn(Targets) + Send + Sync>,
}

/// Puts events into a [`Log`].
pub struct Recorder(Arc<Log>);

/// A filter that [`Log`] can change.
pub type Filter<S> = reload::Layer<Targets, S>;

impl Log {
    /// A log and the two layers that a subscriber needs for it: what passes `filter` is kept.
    pub fn new<S: Subscriber>(
        settings: LogSettings,
        platform: Platform,
        filter: Targets,
    ) -> (Arc<Self>, Filter<S>, Recorder) {
        let (layer, handle) = reload::Layer::new(filter.clone());
        let apply = move |filter: Targets| {
            // Fails when the subscriber is gone, and with it all logging.
            let _ = handle.reload(filter);
        };
        let log = Arc::new(Self {
            settings,
            platform,
            lines: Mutex::default(),
            at_start: filter.clone(),
            filter: Mutex::new(filter),
            apply: Box::new(apply),
        });
        let recorder = Recorder(Arc::clone(&log));
        (log, layer, recorder)
    }

    /// The lines that are kept, oldest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().kept.iter().cloned().collect()
    }

    /// Forgets all lines.
    pub(crate) fn clear(&self) {
        self.lines.lock().kept.clear();
    }

    /// Every topic with its level.
    pub(crate) fn levels(&self) -> Vec<(&'static str, LevelFilter)> {
        let filter = self.filter.lock();
        let level = |(topic, targets): &(&'static str, &[&str])| {
            // No crate is called like this, so it has the level of all the others.
            let target = targets.first().copied().unwrap_or("-");
            (*topic, level_of(&filter, target))
        };
        TOPICS.iter().map(level).collect()
    }

    /// Sets the level of a topic, or of all for `all`; `None` for the one that it had at the
    /// start. False if there is no such topic.
    pub(crate) fn set_level(&self, topic: &str, level: Option<LevelFilter>) -> bool {
        let mut filter = self.filter.lock();
        let known = TOPICS.iter().find(|(name, _)| *name == topic);
        *filter = match (topic, known, level) {
            ("all", _, Some(level)) => Targets::new().with_default(level),
            ("all", _, None) => self.at_start.clone(),
            (_, None, _) => return false,
            (GENERAL, _, level) => {
                let level = level.unwrap_or_else(|| level_of(&self.at_start, "-"));
                // Topics that had no level of their own keep the one that they had.
                let mut changed = filter.clone();
                for target in TOPICS.iter().flat_map(|(_, targets)| *targets) {
                    changed = changed.with_target(*target, level_of(&filter, target));
                }
                changed.with_default(level)
            }
            (_, Some((_, targets)), level) => {
                let mut changed = filter.clone();
                for target in *targets {
                    let level = level.unwrap_or_else(|| level_of(&self.at_start, target));
                    changed = changed.with_target(*target, level);
                }
                changed
            }
        };
        (self.apply)(filter.clone());
        true
    }

    /// Sets every level to what it was at the start.
    pub(crate) fn reset_levels(&self) {
        self.set_level("all", None);
    }

    fn add(&self, metadata: &Metadata<'_>, mut text: String) {
        if text.len() > self.settings.line_bytes_max {
            let end = text.floor_char_boundary(self.settings.line_bytes_max);
            text.truncate(end);
        }
        let unix_ms = self.platform.clock.unix_ms();
        let mut lines = self.lines.lock();
        let id = lines.next_id;
        lines.next_id += 1;
        while lines.kept.len() >= self.settings.lines_max.max(1) {
            lines.kept.pop_front();
        }
        lines.kept.push_back(Line {
            id,
            topic: topic_of(metadata.target()),
            level: *metadata.level(),
            unix_ms,
            text,
        });
    }
}

/// The highest level that a filter lets through for a target.
fn level_of(filter: &Targets, target: &str) -> LevelFilter {
    let levels = [
        Level::TRACE,
        Level::DEBUG,
        Level::INFO,
        Level::WARN,
        Level::ERROR,
    ];
    let passes = |level: &Level| filter.would_enable(target, level);
    levels
        .into_iter()
        .find(passes)
        .map_or(LevelFilter::OFF, LevelFilter::from_level)
}

fn topic_of(target: &str) -> &'static str {
    let name = target.split("::").next().unwrap_or_default();
    TOPICS
        .iter()
        .find(|(_, targets)| targets.contains(&name))
        .map_or(GENERAL, |(topic, _)| topic)
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.add(event.metadata(), text.0);
    }
}

/// A line in the making: the message, then the other fields as `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
            return;
        }
        // Writing to a text does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.insert_str(0, value);
            return;
        }
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::Registry;

    use super::*;

    fn log(filter: &str) -> Arc<Log> {
        let settings = LogSettings {
            lines_max: 2,
            line_bytes_max: 6,
        };
        let filter = filter.parse().unwrap();
        Log::new::<Registry>(settings, Platform::system(), filter).0
    }

    fn level(log: &Log, topic: &str) -> LevelFilter {
        let levels = log.levels();
        levels.iter().find(|(name, _)| *name == topic).unwrap().1
    }

    #[test]
    fn levels_are_those_of_the_filter_and_can_be_changed() {
        let log = log("warn,aql=debug");
        assert_eq!(level(&log, "aql"), LevelFilter::DEBUG);
        assert_eq!(level(&log, "foxx"), LevelFilter::WARN);
        assert!(log.set_level(GENERAL, Some(LevelFilter::TRACE)));
        assert_eq!(level(&log, GENERAL), LevelFilter::TRACE);
        assert_eq!(level(&log, "foxx"), LevelFilter::WARN, "it is not general");
        assert!(log.set_level("foxx", Some(LevelFilter::OFF)));
        assert_eq!(level(&log, "foxx"), LevelFilter::OFF);
        assert!(log.set_level("foxx", None));
        assert_eq!(level(&log, "foxx"), LevelFilter::WARN);
        assert!(!log.set_level("nothing", None));
        assert!(log.set_level("all", Some(LevelFilter::ERROR)));
        assert!(log.levels().iter().all(|(_, at)| *at == LevelFilter::ERROR));
        log.reset_levels();
        assert_eq!(level(&log, "aql"), LevelFilter::DEBUG);
    }

    #[test]
    fn only_the_last_lines_are_kept_and_only_their_beginning() {
        let (log, filter, recorder) = Log::new(
            LogSettings {
                lines_max: 2,
                line_bytes_max: 6,
            },
            Platform::system(),
            "info".parse().unwrap(),
        );
        use tracing_subscriber::layer::SubscriberExt as _;
        let subscriber = Registry::default().with(filter).with(recorder);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("first");
            tracing::debug!("not seen");
            tracing::warn!(target: "aql::exec", n = 1, "two");
            tracing::error!("äääää");
        });
        let lines = log.lines();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["two n=", "äää"]);
        assert_eq!((lines[0].id, lines[0].topic), (1, "aql"));
    }
}
