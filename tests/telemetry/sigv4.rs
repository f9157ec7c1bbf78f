//! AWS Signature Version 4, read from its specification and not from the crate that signs: whether a request that arrived
//! was signed with a known secret.

use sha2::{Digest as _, Sha256};

use crate::scripted::Asked;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&sha256(key))
    } else {
        block[..key.len()].copy_from_slice(key)
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad).to_vec();
    let inner = sha256(&[padded(0x36), message.as_bytes().to_vec()].concat());
    sha256(&[padded(0x5c), inner.to_vec()].concat())
}

/// Holds a request that arrived to its signature; what is wrong with it.
pub(crate) fn verify(asked: &Asked, secret: &str, region: &str, service: &str) -> Result<(), String> {
    let mut lines = asked.head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let authorization = header("authorization").ok_or("it is not signed")?;
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("it is signed otherwise")?;
    let part = |name: &str| {
        let found = rest.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| format!("it has no {name}"))
    };
    let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let time = header("x-amz-date").ok_or("it has no time")?;
    let date = time.get(..8).ok_or("its time is none")?;
    let scope = format!("{date}/{region}/{service}/aws4_request");
    if credential.split_once('/').map(|(_, scope)| scope) != Some(scope.as_str()) {
        return Err(format!("it is signed for {credential}, not for {scope}"));
    }
    for needed in ["host", "x-amz-date"] {
        if !signed.split(';').any(|name| name == needed) {
            return Err(format!("{needed} is not signed"));
        }
    }
    let mut canonical = format!("{method}\n{path}\n{query}\n");
    for name in signed.split(';') {
        let value = header(name).ok_or_else(|| format!("{name} is signed and was not sent"))?;
        canonical.push_str(&format!("{name}:{value}\n"));
    }
    canonical.push_str(&format!("\n{signed}\n{}", hex(&sha256(asked.body.as_bytes()))));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = hmac(&key, part).to_vec();
    }
    let expected = hex(&hmac(&key, &text));
    if expected == signature { Ok(()) } else { Err(format!("the signature of {canonical:?} is {expected}")) }
}

/// The verifier itself, held to requests that AWS has published with their signatures.
#[test]
fn published_requests_verify_and_changed_ones_do_not() {
    let asked = |method: &str, more: &str, signed: &str, signature: &str, body: &str| Asked {
        head: format!(
            "{method} / HTTP/1.1\r\nHost:example.amazonaws.com\r\n{more}X-Amz-Date:20150830T123600Z\r\nAuthorization: \
             AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, \
             Signature={signature}"
        ),
        body: body.to_owned(),
    };
    let get =
        asked("GET", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "");
    let form = |body| {
        asked(
            "POST",
            "Content-Type:application/x-www-form-urlencoded\r\n",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            body,
        )
    };
    let verified = |asked: &Asked| verify(asked, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service");
    assert_eq!(verified(&get), Ok(()));
    assert_eq!(verified(&form("Param1=value1")), Ok(()));
    assert!(verified(&form("Param1=value2")).is_err());
    assert!(verify(&get, "another", "us-east-1", "service").is_err());
    assert!(verify(&get, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-west-1", "service").is_err());
}
