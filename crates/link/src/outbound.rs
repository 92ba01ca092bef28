//! What the host sends: any thread enqueues, whoever finds nobody writing writes, and nobody ever blocks on a full
//! socket except a writer thread that is made for it.

use crate::parcel::{Outcome, Parcel, Writing};
use crate::platform::{self, Socket};
use auroraview_core::lock::{OrderedMutex, RESOURCE};
use auroraview_core::outbox::Outbox;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use tracing::debug;

/// The outgoing half of a link.
pub(crate) struct Outbound {
    socket: Arc<Socket>,
    outbox: Outbox<Parcel>,
    /// Owned by the writing thread; the lock is never contended.
    writing: OrderedMutex<Writing, RESOURCE>,
    /// Held only to make the writer thread once.
    blocked: OrderedMutex<Option<Sender<()>>, RESOURCE>,
}

impl Outbound {
    pub fn new(socket: Arc<Socket>) -> Arc<Self> {
        Arc::new(Self {
            socket,
            outbox: Outbox::default(),
            writing: OrderedMutex::default(),
            blocked: OrderedMutex::default(),
        })
    }

    /// Sends a message, or leaves it to the thread that is writing. Never blocks.
    pub fn send(self: &Arc<Self>, parcel: Parcel) -> io::Result<()> {
        if !self.outbox.put(parcel) {
            return Ok(());
        }
        match self.write_until_idle() {
            Outcome::Full => self.hand_to_writer(),
            Outcome::Empty | Outcome::Gone => Ok(()),
        }
    }

    /// Writes until nothing is left, then gives the role of writer back. With [`Outcome::Full`] the role is kept.
    fn write_until_idle(&self) -> Outcome {
        loop {
            match self.write_queued() {
                Outcome::Full => return Outcome::Full,
                // The reader sees the end of the stream and tells everybody; nobody will want these bytes.
                Outcome::Gone => while self.outbox.take().is_some() {},
                Outcome::Empty => {}
            }
            if self.outbox.leave() {
                return Outcome::Empty;
            }
        }
    }

    fn write_queued(&self) -> Outcome {
        let mut writing = self.writing.lock();
        while let Some(parcel) = self.outbox.take() {
            writing.add(parcel);
        }
        writing.write(&self.socket)
    }

    /// The socket is full: a thread that may block waits until it takes more.
    fn hand_to_writer(self: &Arc<Self>) -> io::Result<()> {
        debug!("the socket is full; a thread waits until it takes more");
        let mut blocked = self.blocked.lock();
        if blocked.is_none() {
            // Without a thread what is left goes with the next message, whose sender is the writer again.
            *blocked = Some(self.start_writer().inspect_err(|_| self.outbox.leave_the_rest())?);
        }
        if let Some(writer) = &*blocked {
            let _ = writer.send(()); // the thread ends only with this sender
        }
        Ok(())
    }

    fn start_writer(self: &Arc<Self>) -> io::Result<Sender<()>> {
        let (sender, turns) = channel();
        let this = Arc::downgrade(self);
        platform::start_thread("auroraview-writer", move || {
            while turns.recv().is_ok() {
                let Some(this) = this.upgrade() else { return };
                while let Outcome::Full = this.write_until_idle() {
                    platform::wait_writable(&this.socket);
                }
            }
        })?;
        Ok(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{pair, read_exact};

    fn parcel(message: Vec<u8>) -> Parcel {
        Parcel { view: 1, chunks: Vec::new(), message }
    }

    #[test]
    fn many_senders_and_a_slow_reader_lose_nothing() {
        let (ours, theirs) = pair();
        let out = Outbound::new(ours);
        const EACH: usize = 2000;
        std::thread::scope(|scope| {
            for sender in 0..4u8 {
                let out = Arc::clone(&out);
                scope.spawn(move || (0..EACH).for_each(|_| out.send(parcel(vec![sender; 1000])).unwrap()));
            }
            let mut seen = [0usize; 4];
            let mut piece = [0; 1000];
            while seen.iter().sum::<usize>() < 4 * EACH {
                read_exact(&theirs, &mut piece);
                assert!(piece.iter().all(|b| *b == piece[0]), "messages are not mixed");
                seen[piece[0] as usize] += 1;
            }
            assert_eq!(seen, [EACH; 4]);
        });
        assert!(out.outbox.take().is_none());
    }

    #[test]
    fn sending_to_nobody_neither_blocks_nor_fails() {
        let (ours, theirs) = pair();
        let out = Outbound::new(ours);
        drop(theirs);
        for _ in 0..100 {
            out.send(parcel(vec![0; 100_000])).unwrap();
        }
        assert!(out.outbox.take().is_none());
    }
}
