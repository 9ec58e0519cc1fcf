//! Links there and back, and links that are broken.
use super::*;
use crate::kernel::{Draws, Purpose};
use crate::metadata::BrokerId;
use crate::scenario::Command;

fn short() -> Link {
    Link {
        scenario: LinkScenario::Shipped("leader-dies-acks-1".into()),
        seed: 42,
        commands: Vec::new(),
        moment: SimTime(12_500_000),
        selection: String::new(),
        digest: None,
    }
}

fn acted() -> Link {
    let at = |ms, command: &str| TimedCommand { at: SimTime::from_ms(ms), command: command.parse().unwrap() };
    Link {
        commands: vec![
            at(12_500, "crash broker 2"),
            at(14_000, "send by checkout key \"C\" value \"two words\""),
        ],
        selection: "group billing".into(),
        digest: Some(0x0123_4567_89ab_cdef),
        ..short()
    }
}

fn written() -> Link {
    Link { scenario: LinkScenario::Text("format = 1\n\n[[topic]]\nname = \"orders\"\n".into()), ..acted() }
}

/// A packed link around any header and text.
fn packed(inflated: &[u8]) -> String {
    let deflated = miniz_oxide::deflate::compress_to_vec(inflated, LEVEL);
    let mut bytes = crc32(&deflated).to_le_bytes().to_vec();
    bytes.extend(deflated);
    format!("{PACKED}{}", base64::encode(&bytes))
}

#[test]
fn links_of_every_form_round_trip() {
    let selected = Link { selection: "producer check/out &+é".into(), digest: Some(1), ..short() };
    for link in [short(), selected, acted(), written(), Link { commands: Vec::new(), ..written() }] {
        assert_eq!(decode(&encode(&link).unwrap()), Ok(link));
    }
}

#[test]
fn a_link_may_ask_for_the_stage_alone() {
    assert_eq!(split_embed("embed"), (true, ""));
    assert_eq!(split_embed("embed&s=rack-lost"), (true, "s=rack-lost"));
    for whole in ["", "s=rack-lost", "embedded", "s=rack-lost&embed", "Embed"] {
        assert_eq!(split_embed(whole), (false, whole));
    }
    for link in [short(), acted(), written()] {
        assert_eq!(decode(&format!("#embed&{}", encode(&link).unwrap())), Ok(link));
    }
    assert_eq!(decode("#embed"), Err(LinkError::Empty));
    assert!(
        matches!(decode("embed&embed&s=rack-lost"), Err(LinkError::BadPart { part, .. }) if part == "embed")
    );
    assert_eq!(decode("embeds=rack-lost"), Err(LinkError::NotALink));
}

/// These were sent to people: they are read for ever.
#[test]
fn golden_links_are_read_for_ever() {
    let golden = [
        ("s=leader-dies-acks-1&seed=42&t=12.5s", short()),
        (GOLDEN_ACTED, acted()),
        (GOLDEN_WRITTEN, written()),
    ];
    for (text, link) in golden {
        assert_eq!(decode(text), Ok(link.clone()), "{text} is now {:?}", encode(&link));
    }
    // And a short one says no more than a person wants to say.
    let own = decode("#s=leader-dies-acks-1").unwrap();
    assert_eq!((own.seed, own.moment), (7, SimTime::from_secs(12)));
}

const GOLDEN_ACTED: &str = "k1.dsa6ySXLSw7CIBRG4Tmr-MO8xmLrY-xKgHulBFIMF2y6e40dnpN8gsyWuA4UWQbrkwyjEmbCZFTDa\
     E6z_Dqzbwi19DdczDmuQVEMLA3n0Vym-Xq7P6zzxC9F5VDw1coCV0viCvP_k0B4JbgdfmGfSm9IvEM_N\
     T42d4ZuW8FWKolWXw";
const GOLDEN_WRITTEN: &str = "k1.qLe8RiXLOw6DMBBF0X5W8eQFRMEhvyJVloEo_BnAwmDkMUHsPihpr84VZo9aU0GlT1ch4ciuoM9pX\
     WBDjGHuyYeepeBc6Ut9vd0fT2Od5458-l9w2cgAm9PIGfrXa4Hw7GF3uIHdmNaCkXeot8LHxJWhypawp\
     exFEXUpT6bghYqoaUpagmtbms3ER1MH4nywLw";

#[test]
fn every_broken_link_gets_its_sentence() {
    let damaged = "this link was changed or cut short on its way: copy it again, as a whole";
    let whole = encode(&written()).unwrap();
    let mut changed = whole.clone();
    changed.replace_range(20..21, if &whole[20..21] == "A" { "B" } else { "A" });
    let bomb = packed(&vec![b'a'; 10_000_000]);
    assert!(bomb.len() > ENCODED_CHARS_MAX);
    let cases: Vec<(String, &str)> = vec![
        ("#".into(), "this link is empty"),
        ("hello".into(), "this is not a Kafkarium link: one begins with `s=` or with `k1.` after the `#`"),
        (
            "s=".repeat(5_000),
            "this link has 10000 characters, and more than 8000 do not travel well: send the scenario as a file \
             instead",
        ),
        ("k2.AAAA".into(), "this link was made by a newer Kafkarium: reload the page, or update"),
        (whole[..whole.len() - 10].into(), damaged),
        (changed, damaged),
        ("k1.".into(), damaged),
        ("k1.AAAAAA".into(), damaged),
        ("k1.%%%".into(), damaged),
        (packed(&[0xff, 0xfe]), damaged),
        (packed(b"seed 1"), damaged),
        (packed(&vec![b'a'; 100_000]), "this link holds more than 64 KiB"),
        (
            "s=leader-dies-aks-1".into(),
            "no scenario named `leader-dies-aks-1` comes with this Kafkarium; the nearest is `leader-dies-acks-1`",
        ),
        ("s=nonsense".into(), "no scenario named `nonsense` comes with this Kafkarium"),
        ("s=slow-consumer&seed=-1".into(), "`seed` of this link should be a whole number"),
        (
            "s=slow-consumer&t=soon".into(),
            "`t` of this link should be a moment such as `12.5s`, within a day",
        ),
        ("s=slow-consumer&t=25h".into(), "`t` of this link should be a moment such as `12.5s`, within a day"),
        ("s=slow-consumer&d=12".into(), "`digest` of this link should be 16 hexadecimal digits"),
        ("s=slow-consumer&seed=1&seed=2".into(), "`seed` of this link should be there once"),
        (
            format!("s=slow-consumer&select={}", "x".repeat(300)),
            "`select` of this link should be one line of at most 200 characters",
        ),
        (
            "s=slow-consumer&colour=red".into(),
            "`colour` of this link should be `s`, `seed`, `t`, `select` or `d`, unless a newer Kafkarium made it",
        ),
        (
            packed(b"s slow-consumer\ndo 12s crash broker"),
            "command 1 of this link: `crash broker` is no command; expected is the number of a broker, counted from 1",
        ),
        (
            packed(b"s slow-consumer\ndo 12s crash broker 1\ndo 11s start broker 1"),
            "command 2 of this link: it comes before the one before it",
        ),
        (
            packed(b"s slow-consumer\ndo crash broker 1"),
            "command 1 of this link: it has no moment such as `12.5s`",
        ),
    ];
    for (text, sentence) in cases {
        assert_eq!(decode(&text).map_err(|error| error.to_string()), Err(sentence.into()), "{text}");
    }
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let draw = |i| Draws::new(1, "text").at(Purpose::new("letter"), i).below(90) as u8;
    let long = (0..60_000).map(|i| char::from(b' ' + draw(i)));
    let long = Link { scenario: LinkScenario::Text(long.collect()), ..short() };
    assert!(matches!(encode(&long), Err(LinkError::TooLong { .. })));
    let huge = Link { scenario: LinkScenario::Text("#".repeat(70_000)), ..short() };
    assert_eq!(encode(&huge), Err(LinkError::TooMuch));
    let unnamed = Link { scenario: LinkScenario::Shipped("mine".into()), ..short() };
    assert!(matches!(encode(&unnamed), Err(LinkError::NoSuchScenario { .. })));
    let zero = TimedCommand { at: SimTime::ZERO, command: Command::CrashBroker(BrokerId(0)) };
    let unsayable = Link { commands: vec![zero], ..short() };
    assert!(matches!(encode(&unsayable), Err(LinkError::BadCommand { number: 1, .. })));
}

#[test]
fn the_checksum_is_the_usual_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
