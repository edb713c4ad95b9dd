// The keyrotation package rotates API keys of AWS, OCI, Vault and Confluent Cloud without an outage.
package keyrotation
