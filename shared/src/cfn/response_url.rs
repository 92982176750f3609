//! The address of the answer: a presigned URL, which is a secret while it lives.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::input::cut;
use crate::partition::url_suffix;

/// Begins the name of the buckets in which CloudFormation waits for answers; the Region without
/// its dashes follows.
const BUCKET_PREFIX: &str = "cloudformation-custom-resource-response-";

/// Characters that are shown of a scheme or a host: longer ones are no host's.
const LONGEST_PART: usize = 255;

/// A presigned URL. Neither `Debug` nor `Display` shows its query, which holds the signature.
#[derive(Clone)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// Takes a URL as it came.
    pub fn new(url: String) -> Self {
        ResponseUrl(url)
    }

    /// The whole URL, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if its object is the answer to this request: CloudFormation names the object by
    /// the three ids with bars between them, as in the sample event of the AWS Lambda Developer
    /// Guide, "Using AWS Lambda with AWS CloudFormation". An id that the event lacks is not
    /// compared.
    pub fn is_for(&self, stack_id: &str, logical_resource_id: &str, request_id: &str) -> bool {
        let path = self.0.parse::<Uri>().ok().map(|uri| uri.path().to_owned()).unwrap_or_default();
        let key = percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy();
        let ids = [stack_id, logical_resource_id, request_id];
        let parts: Vec<&str> = key.split('|').collect();
        parts.len() == ids.len()
            && parts.iter().zip(ids).all(|(part, id)| id.is_empty() || *part == id)
    }

    /// When it was signed, if it says so (`X-Amz-Date`).
    pub fn issued_at(&self) -> Option<SystemTime> {
        let date = self.query("X-Amz-Date")?;
        let number = |range: std::ops::Range<usize>| date.get(range)?.parse::<i64>().ok();
        let days = days_since_1970(number(0..4)?, number(4..6)?, number(6..8)?);
        let seconds = number(9..11)? * 3600 + number(11..13)? * 60 + number(13..15)?;
        let seconds = u64::try_from(days * 86_400 + seconds).ok()?;
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// When S3 stops accepting it, if it says so (`X-Amz-Date` and `X-Amz-Expires`, seconds).
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = self.query("X-Amz-Expires")?.parse().ok()?;
        self.issued_at()?.checked_add(Duration::from_secs(seconds))
    }

    fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.0.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Scheme, host and port; `None` if the URL is no plain one.
    fn origin(&self) -> Option<Origin> {
        let uri: Uri = self.0.parse().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        Some(Origin { scheme: uri.scheme_str()?.to_owned(), authority: authority.to_string() })
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin() {
            Some(Origin { scheme, authority }) => {
                write!(f, "{}://{}/…", cut(&scheme, LONGEST_PART), cut(&authority, LONGEST_PART))
            }
            None => f.write_str("(no URL)"),
        }
    }
}

struct Origin {
    scheme: String,
    authority: String,
}

/// Where an answer may be sent.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    region: String,
    extra: Vec<String>,
}

impl Origins {
    /// CloudFormation's own buckets for a Region, and the origins of a comma-separated list,
    /// for example `http://127.0.0.1:4566`.
    pub fn new(region: &str, extra: &str) -> Self {
        let extra = extra.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned());
        Origins {
            region: region.to_owned(),
            extra: extra.filter(|origin| !origin.is_empty()).collect(),
        }
    }

    /// True if an answer may be sent there. Any other address would let a caller with
    /// `lambda:InvokeFunction` make the function talk to hosts of the caller's choice.
    pub fn allow(&self, url: &ResponseUrl) -> bool {
        let Some(Origin { scheme, authority }) = url.origin() else {
            return false;
        };
        self.are_extra(url) || (scheme == "https" && self.is_cloudformations_bucket(&authority))
    }

    /// True if the operator named the URL's origin: how its paths look is not known.
    pub fn are_extra(&self, url: &ResponseUrl) -> bool {
        let origin =
            url.origin().map(|Origin { scheme, authority }| format!("{scheme}://{authority}"));
        origin.is_some_and(|origin| self.extra.contains(&origin))
    }

    fn is_cloudformations_bucket(&self, host: &str) -> bool {
        let Origins { region, .. } = self;
        let suffix = url_suffix(region);
        let bucket = format!("{BUCKET_PREFIX}{}", region.replace('-', ""));
        let Some(s3) = host.strip_prefix(&bucket) else {
            return false;
        };
        [".s3".to_owned(), format!(".s3.{region}"), format!(".s3-{region}")]
            .iter()
            .any(|endpoint| s3.strip_prefix(endpoint) == Some(&format!(".{suffix}")))
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that
/// the leap day is their last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threat 5
    #[test]
    fn the_object_is_named_by_the_ids_of_the_request() {
        let url = "https://b.s3.amazonaws.com/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A1%3Astack/s/g%7CSlim%7Cr?X=1";
        let url = ResponseUrl::new(url.to_owned());
        let stack = "arn:aws:cloudformation:eu-west-1:1:stack/s/g";
        assert!(url.is_for(stack, "Slim", "r"));
        assert!(url.is_for(stack, "Slim", ""));
        for (stack, logical_id, request) in [
            ("arn:aws:cloudformation:eu-west-1:1:stack/other/g", "Slim", "r"),
            (stack, "Other", "r"),
            (stack, "Slim", "other"),
            (stack, "Slim|r", ""),
        ] {
            assert!(!url.is_for(stack, logical_id, request), "{stack} {logical_id} {request}");
        }
        for other in ["https://b.s3.amazonaws.com/", "https://b.s3.amazonaws.com/a%7Cb", "x"] {
            assert!(!ResponseUrl::new(other.to_owned()).is_for("", "", ""), "{other}");
        }
    }

    const SECRET: &str = "?X-Amz-Date=20240229T101112Z&X-Amz-Expires=7200&X-Amz-Signature=5ec4e7";

    fn url(url: &str) -> ResponseUrl {
        ResponseUrl::new(url.to_owned())
    }

    /// X2, Threat 10
    #[test]
    fn the_query_is_never_printed() {
        for text in ["https://bucket.s3.amazonaws.com/key", "not a url", "", "http://[::1]:99/"] {
            let url = url(&format!("{text}{SECRET}"));
            for printed in [format!("{url}"), format!("{url:?}"), format!("{:#?}", Some(url))] {
                assert!(!printed.contains("5ec4e7") && !printed.contains("key"), "{printed}");
            }
        }
    }

    #[test]
    fn the_signature_says_when_it_was_made_and_when_it_ends() {
        let url = url(&format!("https://example.com/{SECRET}"));
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
        // `date -u -d '2024-02-29 10:11:12' +%s`
        assert_eq!(url.issued_at().map(seconds), Some(1_709_201_472));
        assert_eq!(url.expires_at().map(seconds), Some(1_709_208_672));
    }

    #[test]
    fn a_url_that_says_no_time_has_none() {
        for text in [
            "https://e.com/",
            "https://e.com/?X-Amz-Date=",
            "https://e.com/?X-Amz-Date=20\u{e9}4022",
        ] {
            assert_eq!(url(text).issued_at(), None);
            assert_eq!(url(text).expires_at(), None);
        }
    }

    /// P31, Threat 5
    #[test]
    fn cloudformations_own_buckets_are_allowed_and_nothing_else_is() {
        let origins = Origins::new("eu-west-1", "");
        let bucket = "cloudformation-custom-resource-response-euwest1";
        for host in ["s3.amazonaws.com", "s3.eu-west-1.amazonaws.com", "s3-eu-west-1.amazonaws.com"]
        {
            assert!(origins.allow(&url(&format!("https://{bucket}.{host}/key{SECRET}"))), "{host}");
        }
        for other in [
            format!("http://{bucket}.s3.amazonaws.com/"),
            format!("https://{bucket}.s3.amazonaws.com:8443/"),
            format!("https://{bucket}.s3.amazonaws.com.evil.com/"),
            format!("https://{bucket}.s3.amazonaws.com.cn/"),
            format!("https://{bucket}x.s3.amazonaws.com/"),
            format!("https://{bucket}.s3.us-east-1.amazonaws.com/"),
            format!("https://a@{bucket}.s3.amazonaws.com/"),
            format!("https://evil.com/{bucket}.s3.amazonaws.com/"),
            "https://evil.s3.amazonaws.com/".to_owned(),
            "http://127.0.0.1:4566/".to_owned(),
            String::new(),
        ] {
            assert!(!origins.allow(&url(&other)), "{other}");
        }
    }

    /// V15, P31
    #[test]
    fn in_each_partition_the_addresses_have_the_suffix_of_that_partition_and_no_other() {
        let partitions = [
            ("eu-west-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov"),
        ];
        for (region, suffix) in partitions {
            let origins = Origins::new(region, "");
            let bucket = format!("{BUCKET_PREFIX}{}", region.replace('-', ""));
            for (_, other) in partitions {
                for s3 in [format!("s3.{region}"), format!("s3-{region}"), "s3".to_owned()] {
                    let there = format!("https://{bucket}.{s3}.{other}/key{SECRET}");
                    assert_eq!(origins.allow(&url(&there)), other == suffix, "{region}: {there}");
                }
            }
        }
    }

    /// X20
    #[test]
    fn a_host_without_end_is_shown_with_one() {
        let url = url(&format!("https://{}/key{SECRET}", "a".repeat(10_000)));
        assert!(url.to_string().len() < 300, "{url}");
    }

    #[test]
    fn extra_origins_are_allowed_exactly() {
        let origins = Origins::new("eu-west-1", "http://127.0.0.1:4566/, http://localhost:80");
        assert!(origins.allow(&url("http://127.0.0.1:4566/a/b?c")));
        assert!(origins.allow(&url("http://localhost:80/")));
        for other in ["https://127.0.0.1:4566/", "http://127.0.0.1:45660/", "http://127.0.0.1/"] {
            assert!(!origins.allow(&url(other)), "{other}");
        }
    }
}
