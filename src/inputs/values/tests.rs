use super::*;

fn run(name: &str, text: &str) -> (Vec<Entry>, Diagnostics, SourceMap) {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let entries = parse_values(name, text, &mut sources, &mut diags);
    (entries, diags, sources)
}

fn shown(entries: &[Entry], sources: &SourceMap) -> Vec<String> {
    entries
        .iter()
        .map(|e| {
            format!(
                "{}={:?} @{}|{}",
                e.key.value,
                e.value.value,
                sources.snippet(e.key.span),
                sources.snippet(e.value.span)
            )
        })
        .collect()
}

fn clean(name: &str, text: &str) -> Vec<String> {
    let (entries, diags, sources) = run(name, text);
    assert!(diags.is_empty(), "{diags:?}");
    shown(&entries, &sources)
}

/// Code, snippet of the place, snippet of the first related place.
fn faults(name: &str, text: &str) -> Vec<(&'static str, String, String)> {
    let (_, diags, sources) = run(name, text);
    diags
        .iter()
        .map(|d| {
            let at = d.primary.as_ref().unwrap().span;
            let line = |span| format!("{}:{}", sources.position(span).line, sources.snippet(span));
            (d.code.as_str(), line(at), d.related.first().map_or(String::new(), |l| line(l.span)))
        })
        .collect()
}

fn fault(code: &'static str, at: &str, and: &str) -> (&'static str, String, String) {
    (code, at.to_owned(), and.to_owned())
}

#[test]
fn flattens_toml() {
    let text = "\u{feff}a = 1\nx.y = -0x\nb.c = \"é\"\n\"d.e\" = 2.5\nt = { u = true, v.w = 0x1F }\n[history]\nreplicas = 8\n[p.q]\nr . s = 'x' # c\n"
            .replace("-0x", "-3");
    assert_eq!(
        clean("v.toml", &text),
        [
            "a=Int(1) @a|1",
            "x.y=Int(-3) @x.y|-3",
            "b.c=Str(\"é\") @b.c|\"é\"",
            "d.e=Float(2.5) @\"d.e\"|2.5",
            "t.u=Bool(true) @u|true",
            "t.v.w=Int(31) @v.w|0x1F",
            "history.replicas=Int(8) @replicas|8",
            "p.q.r.s=Str(\"x\") @r . s|'x'",
        ]
    );
}

#[test]
fn toml_faults_are_all_reported() {
    let text = "a = [1]\nb = 2020-01-01\nc = inf\nd = 99999999999999999999\ne = \n= 3\nf = 1\nf = 2\n[[g]]\nx = 1\n";
    assert_eq!(
        faults("v.toml", text),
        [
            fault("syntax", "5:", ""),
            fault("syntax", "6:", ""),
            fault("wrong_type", "1:[1]", "1:a"),
            fault("wrong_type", "2:2020-01-01", "2:b"),
            fault("invalid_value", "3:inf", ""),
            fault("invalid_value", "4:99999999999999999999", ""),
            fault("wrong_type", "9:[[g]]", "9:g"),
            fault("duplicate_key", "8:f", "7:f"),
        ]
    );
}

#[test]
fn toml_duplicates_name_both_places() {
    for (text, again, first, key) in [
        ("a.b = 1\na.b = 2\n", "2:b", "1:b", "a.b"),
        ("[a]\nb = 1\nc = 1\n[x]\nb = 7\n[a.y]\nb = 1\n[z]\nb = 4\nb = 5\n", "10:b", "9:b", "z.b"),
        ("[a]\nx = 1\n[b]\nx = 1\n[ a ]\ny = 2\n", "5:a", "1:[a]", "a"),
        ("b = 3\nh = { b = 1, b = 2 }\n", "2:b", "2:b", "h.b"),
        ("\"a.b\" = 1\na.b = 2\n", "2:a.b", "1:\"a.b\"", "a.b"),
        ("[a]\nb.c = 1\n\"b.c\" = 1\n", "3:\"b.c\"", "2:b.c", "a.b.c"),
    ] {
        let (_, diags, _) = run("v.toml", text);
        assert_eq!(diags.as_slice()[0].facts[0].1, key, "{text}");
        assert_eq!(faults("v.toml", text), [fault("duplicate_key", again, first)], "{text}");
    }
}

#[test]
fn flattens_yaml() {
    let text = "\u{feff}# c\na: 1\n\"b.c\": \"é\"\nhistory: {replicas: 8}\nx:\n  y:\n    z: -2.5 # c\nt: true\noff: off\nno: 'no'\nd: 60m\n8: 0755\nu: 1_000\ne: 1e3\nstr: !!str 5\nhex: 0x1F\nblock: |\n  two\n  lines\nnothing: {}\n";
    assert_eq!(
        clean("v.YAML", text),
        [
            "a=Int(1) @a|1",
            "b.c=Str(\"é\") @\"b.c\"|\"é\"",
            "history.replicas=Int(8) @replicas|8",
            "x.y.z=Float(-2.5) @z|-2.5",
            "t=Bool(true) @t|true",
            "off=Str(\"off\") @off|off",
            "no=Str(\"no\") @no|'no'",
            "d=Str(\"60m\") @d|60m",
            "8=Str(\"0755\") @8|0755",
            "u=Str(\"1_000\") @u|1_000",
            "e=Float(1000.0) @e|1e3",
            "str=Str(\"5\") @str|5",
            "hex=Int(31) @hex|0x1F",
            "block=Str(\"two\\nlines\\n\") @block|two\n  lines\n",
        ]
    );
}

#[test]
fn yaml_aliases_and_merges_point_to_their_use() {
    let text = "base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\nn: &n 5\nm: *n\n";
    assert_eq!(
        clean("v.yml", text),
        [
            "base.x=Int(1) @x|1",
            "base.y=Int(2) @y|2",
            "mine.y=Int(3) @y|3",
            "mine.x=Int(1) @*b|*b",
            "n=Int(5) @n|5",
            "m=Int(5) @m|*n",
        ]
    );
}

#[test]
fn yaml_faults_are_all_reported() {
    let text = "a: [1]\nb:\nc: .inf\nd: 99999999999999999999\ne: ~\n? [k]\n: 1\nf: 1\nf: 2\nhistory.replicas: 8\nhistory:\n  replicas: 9\n'': 1\nbig: 18446744073709551615\n";
    assert_eq!(
        faults("v.yaml", text),
        [
            fault("wrong_type", "1:[", "1:a"),
            fault("wrong_type", "2:", "2:b"),
            fault("invalid_value", "3:.inf", ""),
            fault("invalid_value", "4:99999999999999999999", ""),
            fault("wrong_type", "5:~", "5:e"),
            fault("invalid_key", "6:[", ""),
            fault("duplicate_key", "9:f", "8:f"),
            fault("duplicate_key", "12:replicas", "10:history.replicas"),
            fault("invalid_key", "13:''", ""),
            fault("invalid_value", "14:18446744073709551615", ""),
        ]
    );
    for (text, code) in [
        ("- 1\n", "wrong_type"),
        ("text", "wrong_type"),
        ("a: 1\n---\nb: 2\n", "syntax"),
        ("a: *x\n", "syntax"),
        ("a: {b: 1\n", "syntax"),
        ("a: !foo 1\n", "syntax"),
        ("a: &a\n  b: *a\n", "syntax"),
        (&format!("a: {}", "[".repeat(50)), "too_deep"),
        (&"- ".repeat(50), "too_deep"),
        ("a:\n\tb: 1\n", "syntax"),
    ] {
        let found = faults("v.yaml", text);
        assert_eq!(found.len(), 1, "{text:?} {found:?}");
        assert_eq!(found[0].0, code, "{text:?} {found:?}");
    }
}

#[test]
fn empty_files_set_nothing() {
    for (name, text) in [("a.toml", ""), ("a.yaml", ""), ("a.yaml", "# c\n"), ("a.yaml", "---\n"), ("a.json", "{ }")] {
        assert!(clean(name, text).is_empty(), "{name}");
    }
}

#[test]
fn flattens_json() {
    let text = "{\n\t\"a\": 1, \"b.c\": \"\\u00e9\\/\\ud83d\\ude00\",\n\t\"h\": {\"r\": {\"x\": true}, \"e\": {}}, \"f\": -1.5E+1, \"t\": \"}\\\"]\", \"z\": false}\n";
    assert_eq!(
        clean("dir.d/v.json", text),
        [
            "a=Int(1) @\"a\"|1",
            "b.c=Str(\"é/😀\") @\"b.c\"|\"\\u00e9\\/\\ud83d\\ude00\"",
            "h.r.x=Bool(true) @\"x\"|true",
            "f=Float(-15.0) @\"f\"|-1.5E+1",
            "t=Str(\"}\\\"]\") @\"t\"|\"}\\\"]\"",
            "z=Bool(false) @\"z\"|false",
        ]
    );
}

#[test]
fn json_faults_are_all_reported() {
    let text = "{\"a\": [1, {\"x\": \"]\"}],\n\"b\": null,\n\"c\": 1e999,\n\"d\": 9223372036854775808,\n\"h\": {\"r\": 1, \"r\": 2},\n\"h.r\": 3,\n\"\": [4],\n\"s\": \"\\ud800\"}";
    assert_eq!(
        faults("v.json", text),
        [
            fault("wrong_type", "1:[1, {\"x\": \"]\"}]", "1:\"a\""),
            fault("wrong_type", "2:null", "2:\"b\""),
            fault("invalid_value", "3:1e999", ""),
            fault("invalid_value", "4:9223372036854775808", ""),
            fault("duplicate_key", "5:\"r\"", "5:\"r\""),
            fault("duplicate_key", "6:\"h.r\"", "5:\"r\""),
            fault("invalid_key", "7:\"\"", ""),
            fault("syntax", "8:\"\\ud800\"", ""),
        ]
    );
    for (text, at) in [
        ("{\"a\": 1} x", "1:x"),
        ("{\"a\": 1,}", "1:}"),
        ("{a: 1}", "1:a"),
        ("{\n \"a\": 01}", "2:1"),
        ("{\"a\": 1", "1:1"),
        ("", "1:"),
    ] {
        assert_eq!(faults("v.json", text), [fault("syntax", at, "")], "{text:?}");
    }
    assert_eq!(faults("v.json", "[1]"), [fault("wrong_type", "1:[1]", "")]);
}

#[test]
fn an_unknown_extension_is_a_fault() {
    for name in ["values", "values.ini", ".d/toml", "a.toml/b"] {
        assert_eq!(faults(name, "a = 1")[0].0, "invalid_value", "{name}");
    }
}

#[test]
fn hostile_files_end_in_a_diagnostic() {
    let bomb = {
        let mut text = "a0: &a0 {x: 1}\n".to_owned();
        for n in 1..40 {
            let of = n - 1;
            text += &format!("a{n}: &a{n} {{p: *a{of}, q: *a{of}}}\n");
        }
        text
    };
    // Small enough for a build without optimisation; what takes the square of its length still shows.
    let repeat = |piece: &str| piece.repeat((96 << 10) / piece.len());
    let mut texts = vec![
        bomb,
        "x".repeat(10 << 20),
        "=".repeat(1 << 20),
        "[".repeat(100_000),
        format!("a: {}", "[".repeat(100_000)),
        format!("a = {}", "[".repeat(100_000)),
    ];
    for piece in [
        "[",
        "{",
        "{\"a\":",
        "&a ",
        "*a ",
        "- ",
        "? ",
        "a: ",
        "\"",
        "'",
        "#",
        "|\n",
        "!a ",
        "=",
        "=\n",
        "a=\n",
        "a.",
        "[a.b]\n",
        "[[a]]\n",
        "a=1\n",
        "a: 1\n",
        "a: [\n",
        "<<: *a\n",
        "\u{feff}",
        "\0",
        "é",
        "a: &a {b: *a}\n",
        "---\n",
        "%",
        "[a]\nb={c=1,c=2}\n",
        "\"\\u",
        ",",
        "a={b={",
        "a=[[",
        ": ",
        "- - ",
        "{? ",
        "''' ",
        "\"\"\"",
    ] {
        texts.push(repeat(piece));
        texts.push(format!("{{\"a\": {}", repeat(piece)));
    }
    for text in &texts {
        for name in ["v.toml", "v.yaml", "v.json"] {
            let (_, diags, _) = run(name, text);
            let head: String = text.chars().take(20).collect();
            assert!(diags.len() <= super::super::MAX_FAULTS + 1);
            let harmless = head.starts_with(['#', '\u{feff}']) || head.starts_with("---");
            assert!(!diags.is_empty() || harmless, "{name} {head:?}");
        }
    }
}
