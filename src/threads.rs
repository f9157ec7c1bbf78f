//! A list of jobs that two threads share, and a value that is made ahead: a start is short, so that a second thread pays and
//! a third would not. It is one for the life of the process: to begin and to end a thread costs as much as many a job.

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The second thread; none where none can be had.
static SECOND: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    // A panic in a job that was begun ahead shows again in who does the job instead.
    let second = ThreadPoolBuilder::new().num_threads(1).panic_handler(|_| ());
    match cpu::current().filter(|_| APART.load(Ordering::Relaxed)) {
        Some(taken) => {
            let second = second.start_handler(move |_| cpu::leave(taken)).build();
            // If it began behind this one, now it comes to run, and goes.
            thread::yield_now();
            second
        }
        None => second.build(),
    }
    .ok()
});

/// Whether the second thread begins on a CPU of its own.
static APART: AtomicBool = AtomicBool::new(false);

/// Whether it works for somebody: who comes then, in a service, does not wait for it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Has the second thread begin on a CPU of its own, if that is to be had and the thread was not begun before. Linux may begin a thread
/// on the CPU of the one that makes it, while others idle, and part them when it next balances: milliseconds later, when a short process is
/// nearly over. One that lasts is better left to the system.
pub(crate) fn begin_apart() {
    APART.store(true, Ordering::Relaxed);
}

/// Where a thread runs.
#[cfg(target_os = "linux")]
mod cpu {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The CPU that this thread runs on, if it is one of those that can be named.
    pub(super) fn current() -> Option<usize> {
        Some(sched_getcpu()).filter(|cpu| *cpu < CpuSet::MAX_CPU)
    }

    /// Keeps this thread off a CPU, if it runs there and may run on another one.
    pub(super) fn leave(taken: usize) {
        if current() == Some(taken)
            && let Ok(mut others) = sched_getaffinity(None)
        {
            others.unset(taken);
            // None is no set of CPUs: it is refused, and the thread stays.
            sched_setaffinity(None, &others).ok();
        }
    }
}

/// Where a thread runs: nobody's business but the system's.
#[cfg(not(target_os = "linux"))]
mod cpu {
    pub(super) fn current() -> Option<usize> {
        None
    }

    pub(super) fn leave(_: usize) {}
}

/// What each job from 0 to `count` comes to, in their order. Whoever is free takes the next one, as nobody knows beforehand
/// how long one takes; each thread keeps a state of its own from job to job. If the jobs are not worth a second thread, or
/// it has others to do, this one does them all.
pub(crate) fn shared<S, T: Send>(
    worth: bool,
    count: usize,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut own, mut done) = (None, Vec::new());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, job(own.get_or_insert_with(&state), index)));
        }
    };
    let (mut done, others) = if worth { beside(work, work) } else { (work(), Vec::new()) };
    done.extend(others);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// What two jobs come to: the other one is done beside this one, or after it where the second thread has others to do.
pub(crate) fn beside<A, B: Send>(this: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    match SECOND.as_ref().filter(|_| !TAKEN.swap(true, Ordering::Acquire)) {
        Some(second) => {
            let _free = Free;
            let mut made = None;
            let own = second.in_place_scope(|scope| {
                scope.spawn(|_| made = Some(other()));
                this()
            });
            (own, made.expect("a scope ends when its jobs have"))
        }
        None => (this(), other()),
    }
}

/// Gives the second thread back, whatever happens.
struct Free;

impl Drop for Free {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}

/// Gives the second thread a job that nobody waits for: what others find done when they come to it, and do themselves else.
pub(crate) fn ahead(job: impl FnOnce() + Send + 'static) {
    if let Some(second) = SECOND.as_ref() {
        second.spawn(job);
    }
}

#[cfg(test)]
mod tests {
    use super::{ahead, beside, shared};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock};

    #[test]
    fn what_is_begun_ahead_is_done_by_somebody_once() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let value = Arc::new(OnceLock::new());
        let make = |value: &OnceLock<usize>| *value.get_or_init(|| MADE.fetch_add(1, Ordering::Relaxed) + 1);
        let begun = Arc::clone(&value);
        ahead(move || {
            make(&begun);
        });
        // The second thread does its jobs in their order: whichever came first, it was done before this.
        assert_eq!(beside(|| make(&value), || make(&value)), (1, 1));
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn every_job_is_done_once_and_in_its_place() {
        for worth in [false, true] {
            for count in [0, 1, 2, 1000] {
                let squares = shared(worth, count, || 0, |_, index| index * index);
                assert_eq!(squares, (0..count).map(|index| index * index).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn jobs_may_have_jobs_of_their_own() {
        let row = |outer: usize| shared(true, 20, || (), |(), inner| outer * inner).iter().sum::<usize>();
        let (sums, row_of_3) = beside(|| shared(true, 20, || (), |(), outer| row(outer)), || row(3));
        assert_eq!(row_of_3, 570);
        assert_eq!(sums, (0..20).map(|outer| outer * 190).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_passed_on_and_ends_nothing() {
        let all_panic = || shared(true, 8, || (), |(), _| -> () { panic!("as asked") });
        for _ in 0..3 {
            assert!(std::panic::catch_unwind(all_panic).is_err());
        }
        ahead(|| panic!("as asked"));
        assert_eq!(shared(true, 3, || (), |(), index| index), [0, 1, 2]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_leaves_a_cpu_that_is_taken_if_it_can() {
        use super::cpu::{current, leave};
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let moves = || {
            let all = sched_getaffinity(None)?;
            for taken in (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)) {
                let mut only = CpuSet::new();
                only.set(taken);
                sched_setaffinity(None, &only)?;
                leave(taken);
                assert_eq!(sched_getaffinity(None)?, only, "where there is no other one, it stays");
            }
            sched_setaffinity(None, &all)?;
            // The system may have moved it before it was asked to: then it is asked again.
            for _ in 0..1000 {
                let (here, mut others) = (current().expect("a CPU of the set"), all);
                leave(here);
                let allowed = sched_getaffinity(None)?;
                if allowed != all {
                    others.unset(here);
                    assert_eq!(allowed, others);
                    return Ok(());
                }
            }
            assert_eq!(all.count(), 1, "it never left");
            Ok::<_, rustix::io::Errno>(())
        };
        // On a thread of its own: those of other tests stay where they are.
        let moved = std::thread::spawn(moves).join().expect("what is asserted holds");
        moved.expect("the system tells and takes sets of CPUs");
    }

    #[test]
    fn a_thread_keeps_its_state() {
        let counts = shared(
            false,
            3,
            || 10,
            |state, _| {
                *state += 1;
                *state
            },
        );
        assert_eq!(counts, [11, 12, 13]);
    }
}
