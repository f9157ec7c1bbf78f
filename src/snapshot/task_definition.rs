//! An ECS task definition: the environment of the containers that run the server.

use super::Reading;
use crate::diag::{At, Code, Span};
use crate::inputs::{Entry, Node, Origin, parse_hidden_document};
use crate::model::{Scalar, clipped};

const SHAPE: &str = "give what `aws ecs describe-task-definition` prints, or a list of container definitions";

/// One container: its variables, the names of its secrets, and whether the catalog knows any of them.
#[derive(Default)]
struct Container {
    entries: Vec<Entry>,
    secrets: Vec<String>,
    ours: bool,
}

/// The variables, and the names of the secrets, whose values stand elsewhere. Where the catalog knows a variable of some
/// container, the others are left out: they run beside the server.
pub(super) fn read(reading: &mut Reading<'_>, name: &str, text: &str) -> (Vec<Entry>, Vec<String>) {
    let document = parse_hidden_document(name, text, &mut reading.sources, &mut reading.diags);
    let Some(root) = &document.root else { return (Vec::new(), Vec::new()) };
    let inner = reading.member(root, "taskDefinition").unwrap_or(root);
    let list = reading.member(inner, "containerDefinitions").unwrap_or(inner);
    let Node::List(items) = &list.value else {
        reading.fault(Code::WrongType, list.span, "there are no container definitions".to_owned(), SHAPE);
        return (Vec::new(), Vec::new());
    };
    let containers: Vec<Container> = items.iter().map(|item| container(reading, name, item)).collect();
    let any = containers.iter().any(|container| container.ours);
    let (mut entries, mut secrets) = (Vec::new(), Vec::new());
    for container in containers.into_iter().filter(|container| container.ours || !any) {
        entries.extend(container.entries);
        secrets.extend(container.secrets);
    }
    (entries, secrets)
}

fn container(reading: &mut Reading<'_>, file: &str, item: &At<Node>) -> Container {
    let mut found = Container::default();
    if let Some(files) = reading.member(item, "environmentFiles")
        && files.value != Node::List(Vec::new())
    {
        let help = "give them as env files too";
        reading.warn(Code::Unread, files.span, "files of variables are not read".to_owned(), help);
    }
    let named = |reading: &mut Reading<'_>, part: &str, found: &mut Container| {
        let Some(Node::List(variables)) = reading.member(item, part).map(|list| &list.value) else { return };
        for variable in variables {
            let Some((name, at)) = reading.member(variable, "name").and_then(text) else {
                let message = format!("a variable of `{part}` has no name");
                reading.fault(Code::MissingField, variable.span, message, SHAPE);
                continue;
            };
            let catalog = reading.catalog;
            found.ours |= reading.redactor.parameter(&name).is_some() || catalog.variables.contains_key(name.as_str());
            if part == "secrets" {
                found.secrets.push(name);
                continue;
            }
            let Some((value, value_at)) = reading.member(variable, "value").and_then(text) else {
                let message = format!("`{}` has no text as its value", clipped(&name));
                reading.fault(Code::WrongType, at, message, "a value is text in quotes");
                continue;
            };
            let origin = Origin::EnvFile(file.to_owned());
            let value = At::new(Scalar::Str(value), value_at);
            found.entries.push(Entry { key: At::new(name, at), value, origin });
        }
    };
    named(reading, "environment", &mut found);
    named(reading, "secrets", &mut found);
    found
}

fn text(node: &At<Node>) -> Option<(String, Span)> {
    match &node.value {
        Node::Text(text) | Node::Time(text) => Some((text.clone(), node.span)),
        _ => None,
    }
}

impl Reading<'_> {
    /// The member of this name; templates begin it with a capital.
    fn member<'n>(&self, node: &'n At<Node>, name: &str) -> Option<&'n At<Node>> {
        let Node::Map(pairs) = &node.value else { return None };
        let is = |key: &Node| matches!(key, Node::Text(text) if text.eq_ignore_ascii_case(name));
        pairs.iter().find(|(key, _)| is(&key.value)).map(|(_, value)| value)
    }
}
