//! The packets of the fast lane: any bytes, in any pieces, give what they give at once; what can be read is written the same.
#![no_main]

use auroraview_core::direct::{MAX_GREETING, Packet, PacketDecoder};
use libfuzzer_sys::fuzz_target;

/// The packets of `pieces`, and the complaint that ended them, if any. A stranger may send less.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>, stranger: bool) -> (Vec<Packet>, Option<String>) {
    let (mut decoder, mut packets) = (PacketDecoder::default(), Vec::new());
    for mut piece in pieces {
        while decoder.fill(&mut piece).unwrap().0 > 0 {
            loop {
                match if stranger { decoder.next(MAX_GREETING) } else { decoder.next_of_friend() } {
                    Ok(Some(packet)) => packets.push(packet),
                    Ok(None) => break,
                    Err(error) => return (packets, Some(error.to_string())),
                }
            }
        }
    }
    (packets, None)
}

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (size, stranger, bytes) = input;
    let whole = decode(std::iter::once(bytes), stranger);
    assert_eq!(decode(bytes.chunks(usize::from(size).max(1)), stranger), whole);
    for packet in whole.0 {
        let again = packet.encode();
        assert_eq!(decode(std::iter::once(&again[..]), stranger), (vec![packet], None));
    }
});
