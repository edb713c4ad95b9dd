/// Every property, variable and file that the plugin reads for AWS, by what it settles: the first that is set counts.
/// The page `docs/settings/aws.md` says the same, which a test compares.
pub const SETTINGS: &[(&str, &[&str])] = &[
    (
        "credentials",
        &[
            "keyrotation:aws.accessKey",
            "keyrotation:aws.secretKey",
            "keyrotation:aws.token",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "keyrotation:aws.profile",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        ],
    ),
    ("roles", &["keyrotation:aws.assumeRoles"]),
    ("files", &["AWS_CONFIG_FILE", "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"]),
    ("region", &["keyrotation:aws.region", "AWS_REGION", "AWS_DEFAULT_REGION", "region"]),
    ("IAM's address", &["keyrotation:aws.endpoints.iam", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL", "endpoint_url"]),
    ("STS's address", &["keyrotation:aws.endpoints.sts", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "endpoint_url"]),
    (
        "Secrets Manager's address",
        &[
            "keyrotation:aws.endpoints.secretsManager",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL",
            "endpoint_url",
        ],
    ),
    ("whether addresses are ignored", &["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"]),
    (
        "kind of address",
        &["AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"],
    ),
    ("trusted certificates", &["AWS_CA_BUNDLE", "ca_bundle", "SSL_CERT_FILE", "SSL_CERT_DIR"]),
];
