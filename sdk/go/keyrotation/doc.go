// Credentials that rotate without an outage, as declared resources.
package keyrotation
