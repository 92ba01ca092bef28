//! What a thread that drains no view waits on: one for a thread, rung by whoever has something for it.

use crate::host::Link;
use crate::mailbox::{HostInbox, Incoming, Waited};
use crate::platform::{self, SignalGate, WakeHandle};
use crate::port::Port;
use auroraview_core::inbox::{Urgency, Wake};
use auroraview_core::sync::Snapshot;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A thread's bell. Ringing it ends the wait that goes on, or else the next one.
#[derive(Debug)]
pub struct Bell {
    handle: Arc<WakeHandle>,
    rung: AtomicBool,
    /// While the thread drains a view, it waits on that view's inbox: ringing puts a nudge there.
    drains: Snapshot<Option<Arc<HostInbox>>>,
    /// The bell of the host's loop, on which the thread is while it waits in none of our waits.
    echo: Snapshot<Option<Arc<Bell>>>,
}

impl Bell {
    /// A silent bell. Fails only when the process is out of descriptors.
    pub fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            handle: Arc::new(WakeHandle::new()?),
            rung: AtomicBool::new(false),
            drains: Snapshot::default(),
            echo: Snapshot::default(),
        }))
    }

    /// Ends the owner's wait. Any thread.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.handle.wake();
        let inbox = self.drains.with(Option::clone);
        if let Some(inbox) = inbox {
            inbox.push(Urgency::Urgent, Incoming::Nudge);
        }
        let echo = self.echo.with(Option::clone);
        if let Some(echo) = echo {
            echo.ring();
        }
    }

    /// From now on `echo` is rung with this bell (none: no other). An echo has none itself.
    pub fn echo(&self, echo: Option<&Arc<Bell>>) {
        while !self.echo.replace(&self.echo.load(), echo.map(Arc::clone)) {}
    }

    /// Forgets that it was rung; true if it was. The host's loop does so first, and then looks at everything.
    pub fn silence(&self) -> bool {
        self.handle.clear();
        self.rung.swap(false, Ordering::AcqRel)
    }

    /// What becomes readable when the bell is rung, where the system has such a thing.
    pub fn descriptor(&self) -> Option<i32> {
        self.handle.descriptor()
    }

    /// From now on the owner waits on the inbox of `port` (none: on the bell itself). Called by the owner.
    pub fn drains(&self, port: Option<&Port>) {
        let inbox = port.map(Port::inbox);
        while !self.drains.replace(&self.drains.load(), inbox.clone()) {}
    }

    /// Waits, on the thread that owns the bell, until it is rung; reads `link` when it is this thread's turn.
    pub fn wait(&self, link: Option<&Link>, until: Option<Instant>, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let rung = || self.rung.swap(false, Ordering::AcqRel);
        match link {
            Some(link) => link.wait(None, &self.handle, &rung, until, gate),
            None => wait_alone(&self.handle, &rung, until, gate),
        }
    }
}

/// Waits until `done`, which whoever makes it true tells `wake`, and reads nothing meanwhile.
pub(crate) fn wait_alone(
    wake: &WakeHandle,
    done: &dyn Fn() -> bool,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Waited> {
    while !done() {
        if until.is_some_and(|until| until <= Instant::now()) {
            return Ok(Waited::TimedOut);
        }
        if platform::wait(wake, &[], None, until, gate)?.is_none() {
            return Ok(Waited::Interrupted);
        }
        wake.clear();
    }
    Ok(Waited::Ready)
}

impl Wake for Bell {
    fn wake(&self) {
        self.ring();
    }
    fn clear(&self) {
        self.handle.clear();
    }
}
