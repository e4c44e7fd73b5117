//! How far a run is, on standard error: one line that changes on a terminal, a line for each thing
//! that is done otherwise.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::collect::watch::Event;

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);

/// What is shown of a run's progress. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Progress {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

struct State {
    begun: Instant,
    /// In the order in which they were first heard of.
    steps: Vec<Step>,
    screen: Screen,
}

/// Something of which there may be several.
struct Step {
    name: &'static str,
    expected: usize,
    answered: usize,
}

enum Screen {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    /// Progress that is shown as standard error can show it, or not at all.
    pub fn new(quiet: bool) -> Self {
        let screen = if quiet {
            Screen::Nothing
        } else if io::stderr().is_terminal() {
            Screen::Bar(bar())
        } else {
            Screen::Lines
        };
        let state = State { begun: Instant::now(), steps: Vec::new(), screen };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Shows that something happened.
    pub fn hear(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match event {
            Event::Expected(name, more) => {
                state.step(name).expected += more;
                None
            }
            Event::Answered(name) => {
                let step = state.step(name);
                step.answered += 1;
                (step.answered == step.expected).then_some(*name)
            }
            Event::Hushed(hushed) => {
                if let Screen::Bar(bar) = &state.screen {
                    hush(bar, *hushed);
                }
                None
            }
        };
        match &state.screen {
            Screen::Nothing => {}
            Screen::Bar(bar) => bar.set_message(state.line()),
            Screen::Lines => {
                if let Some(name) = done {
                    let line = state.done(name);
                    // Whoever closed standard error doesn't want to know.
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
        }
    }

    /// Takes the line away; what was not answered is told where nothing changes any more.
    pub fn end(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.screen {
            Screen::Nothing => {}
            Screen::Bar(bar) => bar.finish_and_clear(),
            Screen::Lines => {
                for step in state.steps.iter().filter(|step| step.answered < step.expected) {
                    let seconds = state.begun.elapsed().as_secs_f64();
                    let _ = writeln!(io::stderr(), "{}not finished   {seconds:.1} s", step.head());
                }
            }
        }
    }
}

impl State {
    fn step(&mut self, name: &'static str) -> &mut Step {
        let place = self.steps.iter().position(|step| step.name == name).unwrap_or_else(|| {
            self.steps.push(Step { name, expected: 0, answered: 0 });
            self.steps.len() - 1
        });
        &mut self.steps[place]
    }

    /// The line of a terminal; the time stands behind it by the bar's own template.
    fn line(&self) -> String {
        let mut line = String::new();
        for step in &self.steps {
            let _ = write!(line, "{}   ", step.shown());
        }
        line
    }

    fn done(&self, name: &str) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        let step = self.steps.iter().find(|step| step.name == name);
        format!("{}   {seconds:.1} s", step.map(Step::shown).unwrap_or_default())
    }
}

impl Step {
    fn head(&self) -> String {
        match self.expected {
            0 | 1 => format!("{} ", self.name),
            expected => format!("{} {}/{expected} ", self.name, self.answered),
        }
    }

    fn shown(&self) -> String {
        match (self.answered >= self.expected, self.expected) {
            (true, 0 | 1) => format!("{} ✓", self.name),
            (true, _) => format!("{} {}/{} ✓", self.name, self.answered, self.expected),
            (false, 0 | 1) => format!("{} …", self.name),
            (false, _) => format!("{} {}/{}", self.name, self.answered, self.expected),
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    // The one template that there is; a test sees that it means something.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style.with_key(
            "seconds",
            |state: &ProgressState, text: &mut dyn fmt::Write| {
                let _ = write!(text, "{:.1} s", state.elapsed().as_secs_f64());
            },
        ));
    }
    bar.enable_steady_tick(TICK);
    bar
}

const TEMPLATE: &str = "{spinner} {msg}{seconds}";

/// Leaves the terminal to somebody who asks a question, or takes it back.
fn hush(bar: &ProgressBar, hushed: bool) {
    if hushed {
        bar.disable_steady_tick();
        bar.set_draw_target(ProgressDrawTarget::hidden());
        // What the bar had drawn.
        let _ = write!(io::stderr(), "\r\u{1b}[2K");
    } else {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(TICK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_done_and_what_is_under_way() {
        let progress = Progress {
            state: Arc::new(Mutex::new(State {
                begun: Instant::now(),
                steps: Vec::new(),
                screen: Screen::Nothing,
            })),
        };
        for event in [
            Event::Expected("AWS", 14),
            Event::Answered("AWS"),
            Event::Expected("DNS", 1),
            Event::Expected("DNS", 1),
            Event::Answered("DNS"),
            Event::Answered("DNS"),
            Event::Expected("TCP", 1),
            Event::Answered("TCP"),
            Event::Expected("login", 1),
        ] {
            progress.hear(&event);
        }
        let state = progress.state.lock().unwrap();
        assert_eq!(state.line(), "AWS 1/14   DNS 2/2 ✓   TCP ✓   login …   ");
        assert!(state.done("TCP").starts_with("TCP ✓   0."));
    }

    #[test]
    fn the_template_means_something() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
