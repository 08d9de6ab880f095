//! Errors and cut replies: the caller is told, and gets no clean end.

use patchbay_sdk::{Ending as Transport, FailureKind};

use crate::caller::Question;
use crate::conversation::{Item, Lack};
use crate::exchange::{Pair, Received, SLICINGS, pairs};

fn received(pair: &Pair, reply: &[u8], streaming: bool, end: Transport) -> Vec<Received> {
    let question = Question { streaming, ..Question::of(&[Item::user("Hello")]) };
    let asked = pair.ask(&question);
    SLICINGS.into_iter().map(|slicing| pair.receive(&asked, reply, (slicing, end))).collect()
}

#[test]
fn an_error_in_a_reply_is_told_in_the_providers_words() {
    for pair in pairs().filter(|pair| !pair.provider.cannot(Lack::Errors)) {
        for streaming in [false, true] {
            let reply = pair.provider.transcript("error", streaming);
            for received in received(&pair, &reply, streaming, Transport::Clean) {
                let place = format!("{pair}, streaming {streaming}");
                let error = received.answer.error.unwrap_or_default();
                assert!(error.contains("the model fell over"), "{place}: {error:?}");
                assert_eq!(received.answer.ending, None, "{place}: an end after an error");
                assert!(!received.answer.clean, "{place}: a clean end after an error");
            }
        }
    }
}

#[test]
fn what_was_said_before_an_error_is_heard() {
    for pair in pairs().filter(|pair| !pair.provider.cannot(Lack::Errors)) {
        let reply = pair.provider.transcript("error", true);
        // Byte by byte, nothing is lost in the read that has the error.
        let last = received(&pair, &reply, true, Transport::Clean).pop();
        let answer = last.map(|received| received.answer).unwrap_or_default();
        assert_eq!(answer.items, [Item::said("Grüße, ")], "{pair}");
    }
}

#[test]
fn a_reply_that_breaks_off_is_never_whole() {
    for pair in pairs() {
        for streaming in [false, true] {
            let reply = pair.provider.transcript("text", streaming);
            for end in (1..reply.len()).step_by(29) {
                for received in received(&pair, &reply[..end], streaming, Transport::Broken) {
                    check_broken(&pair, &received, (streaming, end));
                }
            }
        }
    }
}

/// A reply whose end was already there is whole whatever the transport says.
fn check_broken(pair: &Pair, received: &Received, (streaming, end): (bool, usize)) {
    let place = format!("{pair}, streaming {streaming}, after {end} bytes");
    let answer = &received.answer;
    let Some(failure) = &received.failure else {
        assert_eq!(answer.items, [Item::said("Grüße, Ada 👋")], "{place}: a part taken for all");
        assert!(streaming, "{place}: a broken reply taken for a whole one");
        return;
    };
    assert_eq!(failure.kind(), FailureKind::StreamTruncated, "{place}: {failure:?}");
    assert!(!answer.clean, "{place}: a clean end");
    assert!(answer.error.is_some(), "{place}: no error");
}
