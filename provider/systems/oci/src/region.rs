//! Where regions are: their names, the three-letter keys that Oracle's messages use, and the domain of their realm.

/// Keys and names of regions, from Oracle's SDKs of 2026.
const KEYS: [(&str, &str); 40] = [
    ("YNY", "ap-chuncheon-1"),
    ("HYD", "ap-hyderabad-1"),
    ("MEL", "ap-melbourne-1"),
    ("BOM", "ap-mumbai-1"),
    ("KIX", "ap-osaka-1"),
    ("ICN", "ap-seoul-1"),
    ("SYD", "ap-sydney-1"),
    ("NRT", "ap-tokyo-1"),
    ("YUL", "ca-montreal-1"),
    ("YYZ", "ca-toronto-1"),
    ("AMS", "eu-amsterdam-1"),
    ("FRA", "eu-frankfurt-1"),
    ("ZRH", "eu-zurich-1"),
    ("JED", "me-jeddah-1"),
    ("DXB", "me-dubai-1"),
    ("GRU", "sa-saopaulo-1"),
    ("CWL", "uk-cardiff-1"),
    ("LHR", "uk-london-1"),
    ("IAD", "us-ashburn-1"),
    ("PHX", "us-phoenix-1"),
    ("SJC", "us-sanjose-1"),
    ("VCP", "sa-vinhedo-1"),
    ("SCL", "sa-santiago-1"),
    ("MTZ", "il-jerusalem-1"),
    ("MRS", "eu-marseille-1"),
    ("SIN", "ap-singapore-1"),
    ("AUH", "me-abudhabi-1"),
    ("LIN", "eu-milan-1"),
    ("ARN", "eu-stockholm-1"),
    ("JNB", "af-johannesburg-1"),
    ("CDG", "eu-paris-1"),
    ("QRO", "mx-queretaro-1"),
    ("MAD", "eu-madrid-1"),
    ("ORD", "us-chicago-1"),
    ("MTY", "mx-monterrey-1"),
    ("BOG", "sa-bogota-1"),
    ("VAP", "sa-valparaiso-1"),
    ("XSP", "ap-singapore-2"),
    ("RUH", "me-riyadh-1"),
    ("RIC", "us-gov-ashburn-1"),
];

/// Regions outside of Oracle's commercial realm, by how their names begin, and the domain there.
const DOMAINS: [(&str, &str); 21] = [
    ("us-langley-", "oraclegovcloud.com"),
    ("us-luke-", "oraclegovcloud.com"),
    ("us-gov-", "oraclegovcloud.com"),
    ("uk-gov-", "oraclegovcloud.uk"),
    ("ap-chiyoda-", "oraclecloud8.com"),
    ("ap-ibaraki-", "oraclecloud8.com"),
    ("me-dcc-muscat-", "oraclecloud9.com"),
    ("ap-dcc-canberra-", "oraclecloud10.com"),
    ("eu-dcc-zurich-", "oraclecloud24.com"),
    ("eu-crissier-", "oraclecloud24.com"),
    ("eu-dcc-", "oraclecloud14.com"),
    ("ap-dcc-gazipur-", "oraclecloud15.com"),
    ("eu-madrid-2", "oraclecloud.eu"),
    ("eu-frankfurt-2", "oraclecloud.eu"),
    ("eu-jovanovac-", "oraclecloud20.com"),
    ("me-dcc-doha-", "oraclecloud21.com"),
    ("us-somerset-", "oraclecloud23.com"),
    ("us-thames-", "oraclecloud23.com"),
    ("me-abudhabi-3", "oraclecloud26.com"),
    ("me-abudhabi-", "oraclecloud29.com"),
    ("ap-suwon-", "oraclecloud35.com"),
];

/// The address of the Identity service in a region.
pub(crate) fn identity(region: &str) -> String {
    format!("https://identity.{region}.oci.{}", domain(region))
}

/// The name of the region with this key, in upper or lower case.
pub(crate) fn named(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, name)| *name)
}

/// The home region's key in Oracle's refusal to write elsewhere ("Please go to your home region PHX to execute …").
pub(crate) fn home_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("home region ")?;
    rest.split(|c: char| !c.is_ascii_alphanumeric()).next().filter(|key| key.len() == 3)
}

/// Whether a text has the shape of a region's name, such as `eu-frankfurt-1` or `us-gov-ashburn-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let word = |part: &str| part.len() >= 2 && part.bytes().all(|c| c.is_ascii_lowercase());
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
    digits && words.contains('-') && words.split('-').all(word)
}

fn domain(region: &str) -> &'static str {
    // The first region of Abu Dhabi and the first of Seoul are commercial; later ones there are not.
    let commercial = ["me-abudhabi-1"].contains(&region);
    let other = DOMAINS.iter().find(|(begin, _)| !commercial && region.starts_with(begin));
    match other {
        Some((_, domain)) => domain,
        None if ["ap-seoul-2", "ap-chuncheon-2"].contains(&region) => "oraclecloud35.com",
        None => "oraclecloud.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_the_address_of_its_realm() {
        assert_eq!(identity("eu-frankfurt-1"), "https://identity.eu-frankfurt-1.oci.oraclecloud.com");
        assert_eq!(identity("eu-frankfurt-2"), "https://identity.eu-frankfurt-2.oci.oraclecloud.eu");
        assert_eq!(domain("us-gov-phoenix-1"), "oraclegovcloud.com");
        assert_eq!(domain("me-abudhabi-1"), "oraclecloud.com");
        assert_eq!(domain("me-abudhabi-4"), "oraclecloud29.com");
        assert_eq!(domain("eu-dcc-zurich-1"), "oraclecloud24.com");
        assert_eq!(domain("eu-dcc-milan-2"), "oraclecloud14.com");
        assert_eq!(domain("ap-seoul-1"), "oraclecloud.com");
    }

    #[test]
    fn the_home_region_is_read_from_the_refusal() {
        let message = "Please go to your home region phx to execute CREATE, UPDATE and DELETE operations.";
        assert_eq!(home_in(message).and_then(named), Some("us-phoenix-1"));
        assert_eq!(home_in("The user lacks the capability canUseApiKeys."), None);
        assert_eq!(home_in("Please go to your home region"), None);
        assert_eq!(named("XXX"), None);
    }

    #[test]
    fn names_of_regions_have_a_shape() {
        for name in KEYS.map(|(_, name)| name) {
            assert!(is_region(name), "{name}");
        }
        for wrong in ["", "eu", "eu-1", "EU-frankfurt-1", "eu-frankfurt", "eu--1", "https://x", "eu-frankfurt-1a"] {
            assert!(!is_region(wrong), "{wrong}");
        }
    }
}
