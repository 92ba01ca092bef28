//! Who reads the link: while somebody waits, somebody leads.

use crate::checker::{Condvar, caught, check, thread};
use auroraview_core::inbox::Wake;
use auroraview_core::sync::{Arc, Mutex};
use auroraview_core::turn::Turn;
use std::collections::VecDeque;

const THREADS: usize = 3;

/// The kernel's part: messages on the link, each for one thread, and the wake handles of the threads.
#[derive(Default)]
struct Kernel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    link: VecDeque<usize>,
    woken: [bool; THREADS],
    answered: [bool; THREADS],
}

impl Kernel {
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.state.lock());
        self.changed.notify_all();
        result
    }

    /// `poll`: on the wake handle of `thread`, and on the link, too, if it leads.
    fn wait(&self, thread: usize, leads: bool) {
        let mut state = self.state.lock();
        while !(state.woken[thread] || leads && !state.link.is_empty()) {
            state = self.changed.wait(state).unwrap();
        }
    }
}

/// The wake handle of a thread.
struct Handle(Arc<Kernel>, usize);

impl Wake for Handle {
    fn wake(&self) {
        self.0.change(|state| state.woken[self.1] = true);
    }
    fn clear(&self) {
        self.0.change(|state| state.woken[self.1] = false);
    }
}

trait Leads {
    fn leads(&mut self) -> bool;
}

trait Reading: Default + Send + Sync + 'static {
    type Waiter<'a>: Leads;
    fn enter<'a>(&'a self, wake: &'a Arc<Handle>) -> Self::Waiter<'a>;
}

impl Reading for Turn<Handle> {
    type Waiter<'a> = auroraview_core::turn::Waiter<'a, Handle>;
    fn enter<'a>(&'a self, wake: &'a Arc<Handle>) -> Self::Waiter<'a> {
        Turn::enter(self, wake)
    }
}

impl Leads for auroraview_core::turn::Waiter<'_, Handle> {
    fn leads(&mut self) -> bool {
        auroraview_core::turn::Waiter::leads(self)
    }
}

/// What is planted in a [`Copy`].
const NOTHING: u8 = 0;
/// Only who leads promotes when it leaves; a follower that was promoted and leaves does not.
const ONLY_LEADERS_PROMOTE: u8 = 1;
/// A leader leaves without promoting.
const NOBODY_PROMOTES: u8 = 2;

#[derive(Default)]
struct Copy<const BUG: u8>(Mutex<(bool, Vec<Arc<Handle>>)>);

struct CopyWaiter<'a, const BUG: u8> {
    turn: &'a Copy<BUG>,
    wake: &'a Arc<Handle>,
    leads: bool,
}

impl<const BUG: u8> Reading for Copy<BUG> {
    type Waiter<'a> = CopyWaiter<'a, BUG>;
    fn enter<'a>(&'a self, wake: &'a Arc<Handle>) -> Self::Waiter<'a> {
        let (led, followers) = &mut *self.0.lock();
        let leads = !std::mem::replace(led, true);
        if !leads {
            followers.push(Arc::clone(wake));
        }
        CopyWaiter { turn: self, wake, leads }
    }
}

impl<const BUG: u8> Leads for CopyWaiter<'_, BUG> {
    fn leads(&mut self) -> bool {
        if !self.leads {
            let (led, followers) = &mut *self.turn.0.lock();
            self.leads = !std::mem::replace(led, true);
            if self.leads {
                followers.retain(|follower| !Arc::ptr_eq(follower, self.wake));
            }
        }
        self.leads
    }
}

impl<const BUG: u8> Drop for CopyWaiter<'_, BUG> {
    fn drop(&mut self) {
        let next = {
            let (led, followers) = &mut *self.turn.0.lock();
            if self.leads {
                *led = false;
            } else {
                followers.retain(|follower| !Arc::ptr_eq(follower, self.wake));
            }
            let promotes = match BUG {
                NOBODY_PROMOTES => false,
                ONLY_LEADERS_PROMOTE => self.leads,
                _ => true,
            };
            followers.first().filter(|_| promotes && !*led).map(Arc::clone)
        };
        if let Some(follower) = next {
            follower.wake();
        }
    }
}

/// Waits for a message as `Link::wait` does.
fn wait_for_message<R: Reading>(turn: &R, kernel: &Arc<Kernel>, thread: usize) {
    let wake = Arc::new(Handle(Arc::clone(kernel), thread));
    let done = || kernel.state.lock().answered[thread];
    if done() {
        return;
    }
    let mut waiter = turn.enter(&wake);
    loop {
        let leads = waiter.leads();
        kernel.wait(thread, leads);
        wake.clear();
        if leads {
            kernel.change(|state| {
                if let Some(owner) = state.link.pop_front() {
                    state.answered[owner] = true;
                    state.woken[owner] |= owner != thread;
                }
            });
        }
        if done() {
            return;
        }
    }
}

/// Three threads wait, each for a message of its own; the link has them all. If nobody leads, that is a deadlock.
fn everybody_is_answered<R: Reading>() {
    let shared = Arc::new((R::default(), Arc::new(Kernel::default())));
    shared.1.change(|state| state.link.extend([1, 0, 2]));
    let others = [0, 1].map(|thread| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || wait_for_message(&shared.0, &shared.1, thread))
    });
    wait_for_message(&shared.0, &shared.1, 2);
    others.into_iter().for_each(|other| other.join().unwrap());
}

#[test]
fn while_somebody_waits_somebody_leads() {
    check(everybody_is_answered::<Turn<Handle>>);
}

#[test]
fn the_copy_is_faithful() {
    check(everybody_is_answered::<Copy<NOTHING>>);
}

#[test]
fn planted_leader_that_promotes_nobody_is_caught() {
    caught("deadlock", everybody_is_answered::<Copy<NOBODY_PROMOTES>>);
}

#[test]
fn planted_follower_that_keeps_a_promotion_is_caught() {
    caught("deadlock", everybody_is_answered::<Copy<ONLY_LEADERS_PROMOTE>>);
}
