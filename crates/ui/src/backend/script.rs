//! Runs a script in an engine that can only call a function's body.

use auroraview_core::script::{as_expression, as_statements, read_outcome, thrown_error};
use auroraview_core::wire::{ErrorCode, ErrorObject};

/// What an engine did with a function body.
pub enum Ran {
    /// It ran to its end and returned this text.
    Returned(String),
    /// It never started: it does not compile.
    NotCompiled(ErrorObject),
    /// It started, and nobody knows how far it came.
    Lost(ErrorObject),
}

/// Takes what an engine did with a function body.
pub type Then = Box<dyn FnOnce(Ran)>;

/// Says whether a function body compiles, without running it.
pub type Check<'a> = &'a dyn Fn(&str) -> bool;

/// Runs `script` as an expression, or, if it does not compile as one, as statements. A script that compiled is never run
/// again: whatever it throws is caught inside and comes back as a value.
///
/// `call` runs the body of an async function in the page; `done` gets the JSON text of the script's value, or its error.
/// With a `check` the form is known before, and scripts run in the order of the calls; without, one of statements comes a
/// turn of the engine late.
pub fn eval(
    script: &str,
    check: Option<Check<'_>>,
    call: impl Fn(&str, Then) + 'static,
    done: impl FnOnce(Result<String, ErrorObject>) + 'static,
) {
    let (expression, statements) = (as_expression(script), as_statements(script));
    if let Some(check) = check {
        let body = if check(&expression) { expression } else { statements };
        return call(&body, Box::new(move |ran| done(outcome_of(ran))));
    }
    let call = std::rc::Rc::new(call);
    let again = std::rc::Rc::clone(&call);
    call(
        &expression,
        Box::new(move |ran| match ran {
            Ran::NotCompiled(_not_an_expression) => {
                again(&statements, Box::new(move |ran| done(outcome_of(ran))));
            }
            ran => done(outcome_of(ran)),
        }),
    );
}

fn outcome_of(ran: Ran) -> Result<String, ErrorObject> {
    match ran {
        Ran::Returned(text) => read_outcome(&text),
        Ran::Lost(error) | Ran::NotCompiled(error) => Err(error),
    }
}

/// The engine refused the body, in the words of its exception: `SyntaxError: ...` if it does not compile.
pub fn refused(message: &str) -> Ran {
    match message.split_once("SyntaxError: ") {
        Some((_, rest)) => Ran::NotCompiled(thrown_error("SyntaxError".into(), rest.to_owned(), None)),
        None => Ran::Lost(thrown_error("Error".into(), message.to_owned(), None)),
    }
}

/// The engine has lost the page that was to return something.
pub fn page_gone() -> Ran {
    Ran::Lost(ErrorObject::new(ErrorCode::Navigated, "the page went away before it answered"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Runs a script against an engine that answers each body with the next of `answers`; the bodies and the outcome.
    fn run(script: &str, answers: Vec<Ran>) -> (Vec<String>, Result<String, ErrorObject>) {
        let answers = RefCell::new(answers.into_iter());
        let bodies = Rc::new(RefCell::new(Vec::new()));
        let outcome = Rc::new(RefCell::new(None));
        let (seen, to) = (Rc::clone(&bodies), Rc::clone(&outcome));
        let call = move |body: &str, then: Then| {
            seen.borrow_mut().push(body.to_owned());
            let next = answers.borrow_mut().next().unwrap();
            then(next);
        };
        eval(script, None, call, move |came| *to.borrow_mut() = Some(came));
        (bodies.take(), outcome.take().unwrap())
    }

    #[test]
    fn an_expression_is_run_once_and_its_value_is_passed_on_as_text() {
        let (bodies, outcome) = run("1+1", vec![Ran::Returned(r#"{"value":{"a": [2]}}"#.into())]);
        assert_eq!(outcome.unwrap(), r#"{"a": [2]}"#);
        assert_eq!(bodies.len(), 1);
        assert!(bodies[0].contains("await(\n1+1\n)"));
        assert_eq!(run("undefined", vec![Ran::Returned("{}".into())]).1.unwrap(), "null");
    }

    #[test]
    fn what_does_not_compile_as_an_expression_is_run_as_statements() {
        let refusal = refused("SyntaxError: Unexpected token 'return'");
        let (bodies, outcome) = run("return 3", vec![refusal, Ran::Returned(r#"{"value":3}"#.into())]);
        assert_eq!(outcome.unwrap(), "3");
        assert!(bodies[1].contains("async()=>{\nreturn 3\n}"));
    }

    #[test]
    fn with_a_check_there_is_one_call_in_the_form_that_compiles() {
        let bodies = Rc::new(RefCell::new(Vec::new()));
        for script in ["1+1", "let x = 1; return x"] {
            let seen = Rc::clone(&bodies);
            let call = move |body: &str, _: Then| seen.borrow_mut().push(body.to_owned());
            eval(script, Some(&|body| !body.contains("return x")), call, |_| ());
        }
        let bodies = bodies.take();
        assert!(bodies.len() == 2 && bodies[0].contains("await(\n1+1\n)") && bodies[1].contains("async()=>{\nlet x"));
    }

    #[test]
    fn a_script_that_may_have_run_is_not_run_again() {
        let thrown = r#"{"error":{"name":"SyntaxError","message":"by JSON.parse","stack":"at x"}}"#;
        let (bodies, outcome) = run("JSON.parse('')", vec![Ran::Returned(thrown.into())]);
        let error = outcome.unwrap_err();
        assert_eq!((error.data.name.as_str(), error.message.as_str()), ("SyntaxError", "by JSON.parse"));
        assert_eq!(error.data.stack.as_deref(), Some("at x"));
        assert_eq!(bodies.len(), 1);
        let (bodies, outcome) = run("1", vec![page_gone()]);
        assert_eq!(outcome.unwrap_err().data.code, ErrorCode::Navigated);
        assert_eq!(bodies.len(), 1);
        assert_eq!(run("1", vec![refused("Error: odd")]).0.len(), 1);
    }
}
