//! How query, key and value projections are kept in a checkpoint.

use crate::error::Result;
use crate::file::regular::listed;

use super::source::Source;

/// Where the three projections are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// Three matrices, `output x input`, under these names.
    Separate([&'static str; 3]),
    /// One matrix: the rows of all queries, then those of all keys, then those of all values.
    Blocks(&'static str),
    /// The same, `input x output` where its name is that of a `Conv1D`, and `output x input` elsewhere.
    Conv1d(&'static str),
    /// One matrix: for every key head its queries, its key and its value.
    Groups(&'static str),
}

/// A way to keep the projections of an attention layer, named as the scenario names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The name.
    pub(super) name: &'static str,
    pub(super) arrangement: Arrangement,
    /// Between a projection's name and `weight` or `bias`.
    separator: char,
    /// Do models with this layout put positions into keys and queries, which a head leaves out?
    pub(super) positions: bool,
}

const fn layout(name: &'static str, arrangement: Arrangement, positions: bool) -> Layout {
    Layout {
        name,
        arrangement,
        separator: '.',
        positions,
    }
}

use Arrangement::{Blocks, Conv1d, Groups, Separate};

/// Every layout, see the guide for the models that have it.
static LAYOUTS: [Layout; 12] = [
    layout(
        "query|key|value",
        Separate(["query", "key", "value"]),
        false,
    ),
    layout(
        "q_proj|k_proj|v_proj",
        Separate(["q_proj", "k_proj", "v_proj"]),
        true,
    ),
    layout(
        "q_lin|k_lin|v_lin",
        Separate(["q_lin", "k_lin", "v_lin"]),
        false,
    ),
    layout("wq|wk|wv", Separate(["wq", "wk", "wv"]), true),
    layout("to_q|to_k|to_v", Separate(["to_q", "to_k", "to_v"]), false),
    layout("c_attn", Conv1d("c_attn"), false),
    layout("qkv", Blocks("qkv"), false),
    Layout {
        separator: '_',
        ..layout("in_proj", Blocks("in_proj"), false)
    },
    layout("qkv_proj", Blocks("qkv_proj"), true),
    layout("Wqkv", Blocks("Wqkv"), true),
    layout("query_key_value", Groups("query_key_value"), true),
    layout("wqkv", Groups("wqkv"), true),
];

/// The names of all layouts, as a scenario writes them.
pub fn layout_names() -> impl Iterator<Item = &'static str> {
    LAYOUTS.iter().map(|layout| layout.name)
}

impl Layout {
    /// The layout of this name.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::file::Layout;
    ///
    /// assert!(Layout::named("c_attn").is_some() && Layout::named("c_atn").is_none());
    /// ```
    pub fn named(name: &str) -> Option<&'static Self> {
        LAYOUTS.iter().find(|layout| layout.name == name)
    }

    /// The projections: one, or query, key and value.
    pub(super) fn projections(&self) -> &[&'static str] {
        match &self.arrangement {
            Separate(names) => names,
            Blocks(name) | Conv1d(name) | Groups(name) => std::slice::from_ref(name),
        }
    }

    /// The full name of the weight of a projection.
    pub(super) fn weight(&self, prefix: &str, projection: &str) -> String {
        format!("{prefix}{projection}{}weight", self.separator)
    }

    /// The full name of the bias of a projection.
    pub(super) fn bias(&self, prefix: &str, projection: &str) -> String {
        format!("{prefix}{projection}{}bias", self.separator)
    }

    fn fits(&self, source: &Source, prefix: &str) -> bool {
        let mut projections = self.projections().iter();
        projections.all(|name| source.has(&self.weight(prefix, name)))
    }

    /// The prefixes under which a checkpoint has this layout.
    fn prefixes<'a>(&self, source: &'a Source) -> Vec<&'a str> {
        let ending = self
            .projections()
            .first()
            .map(|name| self.weight("", name))
            .unwrap_or_default();
        let prefixes = source.names().filter_map(|name| name.strip_suffix(&ending));
        prefixes
            .filter(|prefix| {
                (prefix.is_empty() || prefix.ends_with('.')) && self.fits(source, prefix)
            })
            .collect()
    }

    /// The layout that the tensors under a prefix have. `prefix` ends in a dot, or is empty.
    ///
    /// # Errors
    /// If it is none, with the prefixes that would fit; if there are several.
    pub(super) fn find(
        source: &Source,
        prefix: &str,
        said: Option<&'static Self>,
    ) -> Result<&'static Self> {
        let candidates = || {
            LAYOUTS
                .iter()
                .filter(|layout| said.is_none_or(|said| said == *layout))
        };
        let found: Vec<&Self> = candidates()
            .filter(|layout| layout.fits(source, prefix))
            .collect();
        match found.as_slice() {
            [only] => Ok(only),
            [] => Err(source.refuse(nothing_fits(source, prefix, candidates()))),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .map(|layout| layout.name.to_owned())
                    .collect();
                Err(source.refuse(format!(
                    "the tensors under {prefix} have several layouts: say layout = one of {}",
                    listed(&names)
                )))
            }
        }
    }
}

/// The message about a prefix without projections: the prefixes that have them, or the names that are there.
fn nothing_fits(
    source: &Source,
    prefix: &str,
    candidates: impl Iterator<Item = &'static Layout>,
) -> String {
    let wanted: Vec<&Layout> = candidates.collect();
    let mut places = Vec::new();
    for layout in &wanted {
        let mut prefixes = layout.prefixes(source);
        prefixes.sort_by_key(|other| std::cmp::Reverse(resemblance(prefix, other)));
        let names: Vec<String> = prefixes
            .iter()
            .map(|p| p.trim_end_matches('.').to_owned())
            .collect();
        if !names.is_empty() {
            places.push(format!("{} under {}", layout.name, listed(&names)));
        }
    }
    let needed = match wanted.as_slice() {
        [only] => {
            let names = only
                .projections()
                .iter()
                .map(|name| only.weight(prefix, name));
            names.collect::<Vec<_>>().join(", ")
        }
        _ => format!("the weights of an attention layer under {prefix}"),
    };
    if places.is_empty() {
        let mut names: Vec<String> = source.names().map(str::to_owned).collect();
        names.sort_by_key(|name| std::cmp::Reverse(resemblance(prefix, name)));
        let layouts: Vec<&str> = wanted.iter().map(|layout| layout.name).collect();
        return format!(
            "there is no {needed}: the names are {}; the layouts that are read are {}",
            listed(&names),
            layouts.join(", ")
        );
    }
    format!("there is no {needed}; there is {}", places.join("; "))
}

/// Characters that two names share at their ends.
fn resemblance(one: &str, other: &str) -> usize {
    let start = one.chars().zip(other.chars());
    let end = one.chars().rev().zip(other.chars().rev());
    start.take_while(|(a, b)| a == b).count() + end.take_while(|(a, b)| a == b).count()
}
