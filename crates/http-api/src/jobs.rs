//! Requests that are answered later: the client gets a number at once and asks for the answer.
//!
//! A job is pending from the moment its number is given out until its request was answered, then
//! done until somebody fetches or deletes the answer or its lifetime is over. Jobs belong to
//! their user and their database; others are told that there is none. A crash loses all jobs,
//! not what their requests have written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aql::Cancel;
use error_codes::codes;
use parking_lot::Mutex;
use platform::Platform;

use crate::budget::{Budget, Share};
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::settings::Settings;

/// What a client wants to know of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Later {
    /// Nothing.
    Forget,
    /// The answer, when it asks.
    Store,
}

impl Later {
    /// From the header `x-arango-async`; `None` for a request to be answered now.
    pub(crate) fn parse(header: Option<&str>) -> Option<Self> {
        match header?.trim() {
            text if text.eq_ignore_ascii_case("true") => Some(Self::Forget),
            text if text.eq_ignore_ascii_case("store") => Some(Self::Store),
            _ => None,
        }
    }
}

/// Whose job it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) database: String,
    pub(crate) user: Option<Arc<str>>,
}

enum State {
    Pending,
    Done {
        reply: Reply,
        /// The memory that it takes, given back with it.
        _share: Share,
    },
}

struct Job {
    owner: Owner,
    cancel: Cancel,
    cancelled: bool,
    state: State,
    /// When it was accepted, later when it was done; seconds since 1970.
    stamp_unix_s: u64,
    /// When it was done, by the monotonic clock.
    done_at: Option<Duration>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has no answer yet.
    Pending,
    /// Its answer can be fetched.
    Done,
}

/// All jobs of a server.
pub(crate) struct Jobs {
    platform: Platform,
    jobs_max: usize,
    lifetime: Duration,
    answers: Arc<Budget>,
    jobs: Mutex<BTreeMap<u64, Job>>,
    /// Requests whose answers nobody wants, and which run.
    forgotten: Mutex<usize>,
}

impl Jobs {
    pub(crate) fn new(platform: Platform, settings: &Settings) -> Self {
        Self {
            platform,
            jobs_max: settings.jobs_max,
            lifetime: settings.job_lifetime,
            answers: Budget::new(
                "answers to be fetched (http.job-results-bytes-max)",
                settings.job_results_bytes_max,
            ),
            jobs: Mutex::default(),
            forgotten: Mutex::new(0),
        }
    }

    fn full(&self) -> Error {
        let text = format!(
            "{} requests wait for their answers to be fetched, more are refused (http.jobs-max)",
            self.jobs_max
        );
        Error::new(codes::QUEUE_FULL, text)
    }

    /// How many requests are not answered yet, and how many answers wait to be fetched.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let jobs = self.jobs.lock();
        let pending = |job: &&Job| matches!(job.state, State::Pending);
        let pending = jobs.values().filter(pending).count();
        (pending + *self.forgotten.lock(), jobs.len() - pending)
    }

    /// Accepts a request whose answer nobody wants; call [`Self::forget`] when it is done.
    ///
    /// # Errors
    /// 503/21003 when there are too many.
    pub(crate) fn begin_forgotten(&self) -> Result<()> {
        let mut running = self.forgotten.lock();
        if *running >= self.jobs_max {
            return Err(self.full());
        }
        *running += 1;
        Ok(())
    }

    /// A request whose answer nobody wants is done.
    pub(crate) fn forget(&self) {
        *self.forgotten.lock() -= 1;
    }

    /// Accepts a request under a new number; call [`Self::finish`] when it is done.
    ///
    /// # Errors
    /// 503/21003 when there are too many.
    pub(crate) fn begin(&self, id: u64, owner: Owner, cancel: Cancel) -> Result<()> {
        let mut jobs = self.jobs.lock();
        if jobs.len() >= self.jobs_max {
            return Err(self.full());
        }
        let job = Job {
            owner,
            cancel,
            cancelled: false,
            state: State::Pending,
            stamp_unix_s: self.platform.clock.unix_ms() / 1000,
            done_at: None,
        };
        jobs.insert(id, job);
        Ok(())
    }

    /// Keeps a job's answer, unless the job was deleted meanwhile.
    pub(crate) fn finish(&self, id: u64, reply: Reply) {
        let mut share = self.answers.share();
        let reply = match share.grow(reply.body.len()) {
            Ok(()) => reply,
            Err(error) => error.into_reply(),
        };
        let now = self.platform.clock.monotonic();
        let mut jobs = self.jobs.lock();
        if let Some(job) = jobs.get_mut(&id) {
            let reply = if job.cancelled {
                Error::plain(codes::REQUEST_CANCELED).into_reply()
            } else {
                reply
            };
            job.state = State::Done {
                reply,
                _share: share,
            };
            job.stamp_unix_s = self.platform.clock.unix_ms() / 1000;
            job.done_at = Some(now);
        }
    }

    /// How far a job is.
    ///
    /// # Errors
    /// 404 if there is none for this caller.
    pub(crate) fn progress(&self, id: u64, owner: &Owner) -> Result<Progress> {
        let jobs = self.jobs.lock();
        let job = jobs.get(&id).filter(|job| job.owner == *owner);
        Ok(job.ok_or_else(unknown)?.progress())
    }

    /// Takes a job's answer and forgets the job; `None` while it is pending.
    ///
    /// # Errors
    /// As [`Self::progress`].
    pub(crate) fn take(&self, id: u64, owner: &Owner) -> Result<Option<Reply>> {
        let mut jobs = self.jobs.lock();
        let job = jobs.get(&id).filter(|job| job.owner == *owner);
        if job.ok_or_else(unknown)?.progress() == Progress::Pending {
            return Ok(None);
        }
        match jobs.remove(&id).map(|job| job.state) {
            Some(State::Done { reply, .. }) => Ok(Some(reply)),
            _ => Ok(None),
        }
    }

    /// Asks a job to end: its query is killed, or it does not begin.
    ///
    /// # Errors
    /// As [`Self::progress`].
    pub(crate) fn cancel(&self, id: u64, owner: &Owner) -> Result<()> {
        let mut jobs = self.jobs.lock();
        let job = jobs.get_mut(&id).filter(|job| job.owner == *owner);
        let job = job.ok_or_else(unknown)?;
        job.cancelled = true;
        job.cancel.kill();
        Ok(())
    }

    /// Numbers of the caller's jobs that are this far, at most `count`.
    pub(crate) fn list(&self, owner: &Owner, progress: Progress, count: usize) -> Vec<u64> {
        let jobs = self.jobs.lock();
        let own = jobs.iter().filter(|(_, job)| job.owner == *owner);
        own.filter(|(_, job)| job.progress() == progress)
            .map(|(id, _)| *id)
            .take(count)
            .collect()
    }

    /// Deletes an answer. A request that is still at work finishes without being heard.
    ///
    /// # Errors
    /// As [`Self::progress`].
    pub(crate) fn delete(&self, id: u64, owner: &Owner) -> Result<()> {
        let mut jobs = self.jobs.lock();
        if jobs.get(&id).is_none_or(|job| job.owner != *owner) {
            return Err(unknown());
        }
        let deleted = jobs.remove(&id);
        drop(jobs);
        drop(deleted);
        Ok(())
    }

    /// Deletes the caller's answers, with a stamp only those that were made before it.
    pub(crate) fn delete_done(&self, owner: &Owner, before_unix_s: Option<u64>) {
        self.remove(|job| {
            let is_old = before_unix_s.is_none_or(|stamp| job.stamp_unix_s < stamp);
            job.owner == *owner && job.progress() == Progress::Done && is_old
        });
    }

    /// Deletes answers that nobody fetched in time.
    pub(crate) fn sweep(&self) {
        let now = self.platform.clock.monotonic();
        self.remove(|job| job.done_at.is_some_and(|done| now >= done + self.lifetime));
    }

    fn remove(&self, is_gone: impl Fn(&Job) -> bool) {
        let removed: Vec<Job> = {
            let mut jobs = self.jobs.lock();
            jobs.extract_if(.., |_, job| is_gone(job))
                .map(|(_, job)| job)
                .collect()
        };
        // Answers may be large: freed when nobody waits for the lock any more.
        drop(removed);
    }
}

impl Job {
    fn progress(&self) -> Progress {
        match self.state {
            State::Pending => Progress::Pending,
            State::Done { .. } => Progress::Done,
        }
    }
}

fn unknown() -> Error {
    Error::new(codes::HTTP_NOT_FOUND, "there is no such job")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;

    fn owner(user: &str) -> Owner {
        Owner {
            database: "d".to_owned(),
            user: Some(user.into()),
        }
    }

    #[test]
    fn answers_are_kept_for_their_owner_and_for_a_while() {
        let (platform, clock) = Platform::simulated(1_000_000, 1);
        let mut settings = Settings::documented();
        settings.jobs_max = 2;
        settings.job_results_bytes_max = 8;
        let jobs = Jobs::new(platform, &settings);
        jobs.begin(1, owner("a"), Cancel::new()).unwrap();
        jobs.begin(2, owner("a"), Cancel::new()).unwrap();
        let error = jobs.begin(3, owner("b"), Cancel::new()).unwrap_err();
        assert!(error.message.contains("http.jobs-max"), "{error}");
        assert!(jobs.take(1, &owner("a")).unwrap().is_none());
        jobs.finish(1, Reply::json_text(StatusCode::OK, "12345678"));
        jobs.finish(2, Reply::json_text(StatusCode::OK, "9"));
        assert_eq!(jobs.take(1, &owner("b")).unwrap_err().code.number(), 404);
        assert_eq!(jobs.list(&owner("a"), Progress::Done, 9), [1, 2]);
        let second = jobs.take(2, &owner("a")).unwrap().unwrap();
        assert_eq!(second.status, 503, "there was no room for its answer");
        jobs.delete_done(&owner("a"), Some(1000));
        assert_eq!(jobs.list(&owner("a"), Progress::Done, 9), [1]);
        clock.advance(settings.job_lifetime);
        jobs.sweep();
        assert_eq!(jobs.list(&owner("a"), Progress::Done, 9), [0; 0]);
        assert_eq!(jobs.answers.used(), 0);
    }
}
