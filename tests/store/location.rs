//! Where stores are, and how their places are shown.

use std::path::Path;
use tdsql::store::{DocumentsAt, IndexAt, InvalidLocation, Location, S3At, masked};

#[test]
fn places_are_read_from_what_users_name() {
    let bucket = || Some(S3At { bucket: "b".to_owned(), ..S3At::default() });
    let shown = |location: Location| format!("{} + {}", location.index, location.documents);
    let read = |store: &str, documents: Option<&str>, bucket: Option<S3At>| {
        Location::new(store, documents.map(Path::new), bucket).map(shown).map_err(|error| error.to_string())
    };
    let endpoint = "abc.dsql.eu-west-1.on.aws";
    for (store, documents, bucket, expected) in [
        ("dir", None, None, Ok("dir/index.sqlite + dir")),
        ("dir", Some("other"), None, Ok("dir/index.sqlite + other")),
        ("dir", None, bucket(), Ok("dir/index.sqlite + s3://b/")),
        ("postgres://u:secret@h/d", None, bucket(), Ok("postgres://***@h/d + s3://b/")),
        ("postgresql://h/d", Some("docs"), None, Ok("postgresql://h/d + docs")),
        (&format!("dsql://{endpoint}"), None, bucket(), Ok("dsql://admin@abc.dsql.eu-west-1.on.aws + s3://b/")),
        (&format!("dsql://app@{endpoint}"), None, bucket(), Ok("dsql://app@abc.dsql.eu-west-1.on.aws + s3://b/")),
        (
            &format!("postgres://app@{endpoint}:5432/postgres"),
            None,
            bucket(),
            Ok("dsql://app@abc.dsql.eu-west-1.on.aws + s3://b/"),
        ),
        ("dsql://somewhere", None, bucket(), Err(InvalidLocation::Endpoint("somewhere".to_owned()))),
        ("mysql://u:secret@h/d", None, bucket(), Err(InvalidLocation::Scheme("mysql://***@h/d".to_owned()))),
        ("postgres://h/d", None, None, Err(InvalidLocation::NoDocuments)),
        ("dir", Some("other"), bucket(), Err(InvalidLocation::TwoPlaces)),
    ] {
        let expected = expected.map(str::to_owned).map_err(|error| error.to_string());
        assert_eq!(read(store, documents, bucket), expected, "{store}");
    }
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    for (text, expected) in [
        ("nothing to hide", "nothing to hide"),
        ("postgres://h/d", "postgres://h/d"),
        ("postgres://u:p@h/d", "postgres://***@h/d"),
        ("postgres://u:p@ss@h/d and s3://k:v@b/", "postgres://***@h/d and s3://***@b/"),
        ("postgres://u:p/q@h/d", "postgres://***@h/d"),
        ("postgres://h/d?user=u&password=p&x=1", "postgres://h/d?user=u&password=***&x=1"),
        ("https://h/?X-Amz-Credential=a&X-Amz-Signature=b", "https://h/?X-Amz-Credential=***&X-Amz-Signature=***"),
        ("password=p, token=t", "password=***, token=***"),
        ("`postgres://u:p@h`: é@", "`postgres://***@h`: é@"),
    ] {
        assert_eq!(masked(text), expected);
    }
    let index = IndexAt::Postgres("postgres://u:hunter2@h/d".to_owned());
    let location = Location { index, documents: DocumentsAt::Directory("d".into()) };
    assert!(!format!("{location:?}").contains("hunter2"));
}
