//! A chain of processors: each message goes to the first one that takes it (RFC 0010, phase 4).

use std::cmp::Reverse;

/// What a processor, or all of them, did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Processed {
    /// It is done with; whoever waits for an answer gets it from there.
    Handled,
    /// It is still to be handled, by the next one in turn.
    PassedOn,
}

/// Handles some kinds of message. `C` is what processors act on.
///
/// All processors of a pipeline run on the thread that runs the pipeline, one after the other, for one message at a time;
/// they must not block.
pub trait MessageProcessor<M, C> {
    /// What it is called in reports.
    fn name(&self) -> &str;

    /// Processors with a higher number are asked earlier; those with the same, in the order in which they were given.
    fn priority(&self) -> i32 {
        0
    }

    /// Handles the message, and may take out of it what it needs; or leaves it whole, maybe changed, and passes it on.
    fn process(&mut self, message: &mut M, context: &mut C) -> Processed;
}

/// Processors in the order in which they are asked.
pub struct MessagePipeline<M, C> {
    processors: Vec<Box<dyn MessageProcessor<M, C>>>,
}

impl<M, C> MessagePipeline<M, C> {
    /// The pipeline of these processors.
    pub fn new(mut processors: Vec<Box<dyn MessageProcessor<M, C>>>) -> Self {
        processors.sort_by_key(|processor| Reverse(processor.priority()));
        Self { processors }
    }

    /// Shows a message to the processors in turn. What all pass on is the caller's to answer or report.
    pub fn process(&mut self, message: &mut M, context: &mut C) -> Processed {
        let handles =
            |processor: &mut Box<dyn MessageProcessor<M, C>>| processor.process(message, context) == Processed::Handled;
        if self.processors.iter_mut().any(handles) { Processed::Handled } else { Processed::PassedOn }
    }

    /// The processors' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.processors.iter().map(|processor| processor.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes numbers below its limit, and writes down what it saw.
    struct Below(&'static str, i32, u32);

    impl MessageProcessor<u32, Vec<String>> for Below {
        fn name(&self) -> &str {
            self.0
        }
        fn priority(&self) -> i32 {
            self.1
        }
        fn process(&mut self, message: &mut u32, seen: &mut Vec<String>) -> Processed {
            seen.push(format!("{}{message}", self.0));
            if *message < self.2 { Processed::Handled } else { Processed::PassedOn }
        }
    }

    fn pipeline(processors: &[(&'static str, i32, u32)]) -> MessagePipeline<u32, Vec<String>> {
        let boxed = |&(name, priority, limit): &(_, _, _)| Box::new(Below(name, priority, limit)) as Box<_>;
        MessagePipeline::new(processors.iter().map(boxed).collect())
    }

    #[test]
    fn the_first_that_takes_a_message_is_the_last_that_sees_it() {
        let mut pipeline = pipeline(&[("low", -1, 9), ("high", 5, 2), ("middle", 0, 4)]);
        let mut seen = Vec::new();
        assert_eq!(pipeline.process(&mut 3, &mut seen), Processed::Handled);
        assert_eq!(seen, ["high3", "middle3"]);
    }

    #[test]
    fn what_nobody_takes_is_passed_on_by_all() {
        let mut seen = Vec::new();
        assert_eq!(pipeline(&[("a", 0, 1), ("b", 0, 1)]).process(&mut 7, &mut seen), Processed::PassedOn);
        assert_eq!(seen, ["a7", "b7"]);
        assert_eq!(pipeline(&[]).process(&mut 7, &mut seen), Processed::PassedOn);
    }

    #[test]
    fn equal_priorities_keep_the_order_in_which_they_were_given() {
        let pipeline = pipeline(&[("a", 1, 0), ("b", 2, 0), ("c", 1, 0), ("d", 2, 0), ("e", i32::MIN, 0), ("f", 1, 0)]);
        assert_eq!(pipeline.names().collect::<Vec<_>>(), ["b", "d", "a", "c", "f", "e"]);
    }
}
