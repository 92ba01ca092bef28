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
}

impl Bell {
    /// A silent bell. Fails only when the process is out of descriptors.
    pub fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            handle: Arc::new(WakeHandle::new()?),
            rung: AtomicBool::new(false),
            drains: Snapshot::default(),
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
            None => self.wait_alone(&rung, until, gate),
        }
    }

    fn wait_alone(
        &self,
        rung: &dyn Fn() -> bool,
        until: Option<Instant>,
        gate: Option<&SignalGate>,
    ) -> io::Result<Waited> {
        while !rung() {
            if until.is_some_and(|until| until <= Instant::now()) {
                return Ok(Waited::TimedOut);
            }
            if platform::wait(&self.handle, None, None, until, gate)?.is_none() {
                return Ok(Waited::Interrupted);
            }
            self.handle.clear();
        }
        Ok(Waited::Ready)
    }
}

impl Wake for Bell {
    fn wake(&self) {
        self.ring();
    }
    fn clear(&self) {
        self.handle.clear();
    }
}
