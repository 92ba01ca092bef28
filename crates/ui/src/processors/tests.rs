//! The pipeline over a view without an engine: every message of the wire has its processor.

use super::*;
use crate::backend::Event;
use crate::view::tests::quiet_view;
use auroraview_core::frame::Frame;
use auroraview_core::pipeline::MessagePipeline;
use auroraview_core::wire::{ErrorCode, Header, LoadState, Loading};

const VIEW: u32 = 7;
const GONE: u32 = 8;

fn pipeline(extra: Vec<Processor>) -> MessagePipeline<HostMessage, Context> {
    MessagePipeline::new(built_in().into_iter().chain(extra).collect())
}

fn context() -> Context {
    let mut context = Context::default();
    context.views.insert(VIEW, quiet_view());
    context
}

fn message(view: u32, kind: Kind, body: &str) -> HostMessage {
    message_for(view, None, kind, body)
}

fn message_for(view: u32, doc: Option<u32>, kind: Kind, body: &str) -> HostMessage {
    let id = matches!(kind, Kind::Request | Kind::Response).then_some(1);
    HostMessage::new(Frame { header: Header::new(view, doc, kind, id), body: body.into() })
}

fn is_handled(mut message: HostMessage, context: &mut Context) -> bool {
    pipeline(Vec::new()).process(&mut message, context) == Handled
}

#[test]
fn every_command_of_the_wire_has_a_processor() {
    let golden: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../../protocol/golden/commands.json")).unwrap();
    for case in golden {
        let asks = case["method"] == "view/eval" || case["method"] == "window/dialog";
        let kind = if asks { Kind::Request } else { Kind::Notify };
        assert!(is_handled(message(VIEW, kind, &case.to_string()), &mut context()), "{case}");
    }
}

#[test]
fn what_is_for_the_page_and_answers_are_handled_unparsed() {
    for kind in [Kind::Request, Kind::Response, Kind::Notify, Kind::Control] {
        assert!(is_handled(message_for(VIEW, Some(0), kind, "not JSON"), &mut context()), "{kind:?}");
    }
    assert!(is_handled(message(VIEW, Kind::Response, "not JSON"), &mut context()));
}

#[test]
fn what_nobody_knows_comes_back() {
    let later = r#"{"jsonrpc":"2.0","method":"view/later","params":{}}"#;
    assert!(!is_handled(message(VIEW, Kind::Notify, later), &mut context()));
    let eval_without_id = r#"{"jsonrpc":"2.0","method":"view/eval","params":{"script":"1"}}"#;
    assert!(!is_handled(message(VIEW, Kind::Notify, eval_without_id), &mut context()));
}

#[test]
fn a_request_to_a_view_that_is_gone_is_answered_and_nothing_else_is() {
    let text = r#"{"jsonrpc":"2.0","method":"view/eval","params":{"script":"1"}}"#;
    for (kind, answers) in [(Kind::Request, 1), (Kind::Response, 0), (Kind::Notify, 0), (Kind::Control, 0)] {
        for doc in [Some(3), None].into_iter().filter(|doc| doc.is_some() || kind == Kind::Request) {
            let mut context = context();
            assert!(is_handled(message_for(GONE, doc, kind, text), &mut context));
            assert_eq!(context.out.len(), answers, "{kind:?} {doc:?}");
            for answer in context.out {
                assert_eq!((answer.header.kind, answer.header.doc, answer.header.id), (Kind::Response, doc, Some(1)));
                assert!(String::from_utf8(answer.body).unwrap().contains("CLOSED"));
            }
        }
    }
}

#[test]
fn a_spare_page_waits_until_no_view_is_starting() {
    for end in [LoadState::Finished, LoadState::Failed] {
        let mut context = context();
        let warmup = r#"{"jsonrpc":"2.0","method":"warmup","params":{}}"#;
        assert!(is_handled(message(0, Kind::Notify, warmup), &mut context));
        for (state, wanted) in [(LoadState::Started, false), (LoadState::Committed, false), (end, true)] {
            let loading = Loading { state, url: "av://app/".into(), message: None };
            context.views.get_mut(&VIEW).unwrap().handle(Event::Loading(loading));
            assert_eq!(context.wants_spare(), wanted, "{state:?}");
        }
        context.views.get_mut(&VIEW).unwrap().handle(Event::WebProcessGone("crash".into()));
        assert!(context.wants_spare(), "a view starts once");
    }
}

/// Forbids what it has the priority for.
struct Forbid(i32);

impl MessageProcessor<HostMessage, Context> for Forbid {
    fn name(&self) -> &str {
        "forbid"
    }
    fn priority(&self) -> i32 {
        self.0
    }
    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        context.reject(&message.header, ErrorCode::Busy, "forbidden");
        Handled
    }
}

#[test]
fn a_processor_of_the_application_comes_before_or_after_ours_by_its_number() {
    let eval = r#"{"jsonrpc":"2.0","method":"view/eval","params":{"script":"1"}}"#;
    for (priority, refused) in [(501, 1), (0, 0)] {
        let mut context = context();
        let mut pipeline = pipeline(vec![Box::new(Forbid(priority))]);
        assert_eq!(pipeline.process(&mut message(VIEW, Kind::Request, eval), &mut context), Handled);
        assert_eq!(context.out.len(), refused);
        let later = r#"{"jsonrpc":"2.0","method":"app/own","params":{}}"#;
        assert_eq!(pipeline.process(&mut message(VIEW, Kind::Request, later), &mut context), Handled);
        assert_eq!(context.out.len(), refused + 1, "what we do not know reaches it in any case");
    }
}
