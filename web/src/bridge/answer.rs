//! A chain of causes as the page shows it: the worker writes the markup, so that the page, which everyone downloads, need
//! not.
use super::protocol::Answer;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::chain::{Cause, Chain};

/// The chain, ready to be shown.
pub fn written(chain: &Chain) -> Answer {
    let event = chain.causes.len();
    let causes = chain.causes.iter().enumerate().map(|(at, cause)| step(at, cause, at + 1 == event));
    let after = chain.after.iter().enumerate().map(|(at, cause)| step(event + at, cause, false));
    let title = part("h3", &chain.title);
    let head = if chain.after.is_empty() { "" } else { "<h4>What came of it</h4>" };
    Answer {
        causes: format!("{title}<ol>{}</ol>", causes.collect::<String>()),
        after: format!(
            "{head}<ol>{}</ol>{}{}",
            after.collect::<String>(),
            part("p", &chain.gap),
            part("p", &chain.looking)
        ),
        steps: chain.causes.iter().chain(&chain.after).map(|cause| (cause.time_us, cause.about)).collect(),
    }
}

fn step(at: usize, cause: &Cause, event: bool) -> String {
    let class = if event { " class=\"event\"" } else { "" };
    let setting = |setting: &kafkarium_core::observe::chain::Setting| {
        format!("<code>{}<small>{}</small></code>", escaped(&setting.line), escaped(&setting.of))
    };
    let settings: String = cause.settings.iter().map(setting).collect();
    format!(
        "<li{class}><button data-step=\"{at}\" title=\"Go to this moment\"><time>{}</time>{}{settings}</button></li>",
        SimTime(cause.time_us),
        escaped(&cause.text)
    )
}

fn part(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<{name}>{}</{name}>", escaped(text)) }
}

/// Names and texts are people's own: none of them is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_text_becomes_markup() {
        let text = "Command: send by p no key value \"<img src=x onerror=alert(1)>\" & more.".to_owned();
        let cause = Cause { time_us: 20_604_312, text, settings: Vec::new(), about: None };
        let chain = Chain { title: "<b>".to_owned(), causes: vec![cause], ..Chain::default() };
        let answer = written(&chain);
        assert_eq!(
            answer.causes,
            "<h3>&lt;b&gt;</h3><ol><li class=\"event\"><button data-step=\"0\" title=\"Go to this moment\"><time>20.604</time>\
             Command: send by p no key value &quot;&lt;img src=x onerror=alert(1)&gt;&quot; &amp; more.</button></li></ol>"
        );
        assert_eq!(answer.steps, [(20_604_312, None)]);
    }
}
