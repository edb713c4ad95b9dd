//! boto3 as a client.
