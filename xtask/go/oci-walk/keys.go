package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"io"
	"net/http"
	"strings"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/identity"
)

func keys(w *walk) {
	key := w.pairs[0]
	answer, err := w.admin.UploadApiKey(w.ctx, w.uploadOf(key.publicPEM))
	must(err)
	that(answer.Etag != nil && *answer.Etag != "", "a key has an etag")
	made := answer.ApiKey
	equal(*made.Fingerprint, key.fingerprint)
	equal(*made.KeyId, strings.Join([]string{w.config.Tenancy, w.user, key.fingerprint}, "/"))
	equal(*made.KeyValue, key.publicPEM)
	equal(*made.UserId, w.user)
	equal(made.LifecycleState, identity.ApiKeyLifecycleStateActive)
	that(made.InactiveStatus == nil && !made.TimeCreated.IsZero(), "an active key has a time and no inactive status")

	found, err := w.listed(w.admin)
	must(err)
	equal(found, []identity.ApiKey{made})
	_, err = w.admin.UploadApiKey(w.ctx, w.uploadOf(key.publicPEM))
	refused(err, 409, "NotAuthorizedOrResourceAlreadyExists")

	drop := identity.DeleteApiKeyRequest{UserId: &w.user, Fingerprint: &key.fingerprint, IfMatch: common.String("stale")}
	_, err = w.admin.DeleteApiKey(w.ctx, drop)
	refused(err, 412, "NoEtagMatch")
	drop.IfMatch = answer.Etag
	gone, err := w.admin.DeleteApiKey(w.ctx, drop)
	must(err)
	equal(gone.RawResponse.StatusCode, 204)
	_, err = w.admin.DeleteApiKey(w.ctx, identity.DeleteApiKeyRequest{UserId: &w.user, Fingerprint: &key.fingerprint})
	equal(refused(err, 404, "NotAuthorizedOrNotFound"), "Authorization failed or requested resource not found.")
	found, err = w.listed(w.admin)
	must(err)
	equal(len(found), 0)
}

func quota(w *walk) {
	for _, key := range w.pairs[:3] {
		w.upload(key)
	}
	_, err := w.admin.UploadApiKey(w.ctx, w.uploadOf(w.pairs[3].publicPEM))
	refused(err, 400, "LimitExceeded")
	found, err := w.listed(w.admin)
	must(err)
	equal(len(found), 3)
}

const small = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/7l3hh5GNBaNM9JqlNwpPjb/u
CIDZBQaSia/czrJh5NMamTsG18xgBWcanPJgxU01Z9aG8oDIydRH+o5qSoFJwfkz
G7xjIWQRSG0DqSFd5hmizQiYfhKHd++it82bnV3oJwo98/uIlEzW7ukLygdI84AT
W2MrgP6B+8bYj9wdvwIDAQAB
-----END PUBLIC KEY-----
`

func badKeys(w *walk) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	other, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	must(err)
	pkcs1 := toPEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&w.pairs[0].private.PublicKey))
	cut := w.pairs[0].publicPEM[:200]
	for _, bad := range []string{"", "ssh-rsa AAAAB3", cut, small, pkcs1, toPEM("PUBLIC KEY", other), w.pairs[0].privatePEM} {
		_, err := w.admin.UploadApiKey(w.ctx, w.uploadOf(bad))
		refused(err, 400, "InvalidParameter")
	}
	_, err = w.admin.UploadApiKey(w.ctx, identity.UploadApiKeyRequest{UserId: &w.user})
	refused(err, 400, "MissingParameter")
}

func signatures(w *walk) {
	key, other := w.pairs[0], w.pairs[1]
	_, err := w.listed(w.as(key))
	unauthenticated(err)
	w.upload(key)
	found, err := w.listed(w.as(key))
	must(err)
	equal(len(found), 1)

	wrong := other
	wrong.fingerprint = key.fingerprint
	_, err = w.listed(w.as(wrong))
	unauthenticated(err)
	foreign := w.config
	foreign.Tenancy = "ocid1.tenancy.oc1..aaaaaaaaelsewhere"
	_, err = w.listed(w.client(foreign.provider()))
	unauthenticated(err)
	few := w.client(w.config.provider())
	few.Signer = common.RequestSigner(w.config.provider(), []string{"date", "(request-target)", "host"}, []string{})
	_, err = few.UploadApiKey(w.ctx, w.uploadOf(other.publicPEM))
	unauthenticated(err)
	_, err = w.listed(few)
	must(err)

	drop := identity.DeleteApiKeyRequest{UserId: &w.user, Fingerprint: &key.fingerprint}
	_, err = w.as(key).DeleteApiKey(w.ctx, drop)
	must(err)
	_, err = w.listed(w.as(key))
	unauthenticated(err)
}

// Sends something else than what was signed.
type tamper struct {
	change func(*http.Request)
	sender common.HTTPRequestDispatcher
}

func (t tamper) Do(request *http.Request) (*http.Response, error) {
	t.change(request)
	return t.sender.Do(request)
}

func changedRequests(w *walk) {
	replace := func(text string) func(*http.Request) {
		return func(request *http.Request) {
			request.Body = io.NopCloser(strings.NewReader(text))
			request.ContentLength = int64(len(text))
		}
	}
	set := func(header, value string) func(*http.Request) {
		return func(request *http.Request) { request.Header.Set(header, value) }
	}
	changes := map[string]func(*http.Request){
		"body":         replace(`{"description":"y"}`),
		"path":         func(request *http.Request) { request.URL.Path = strings.Replace(request.URL.Path, "auth", "Auth", 1) },
		"query":        func(request *http.Request) { request.URL.RawQuery = "x=1" },
		"method":       func(request *http.Request) { request.Method = http.MethodPut },
		"host":         func(request *http.Request) { request.Host = "localhost" },
		"date":         set("date", "Sun, 01 Mar 2026 12:00:00 GMT"),
		"digest":       set("x-content-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
		"content type": set("content-type", "application/json; charset=utf-8"),
		"version": func(request *http.Request) {
			text := request.Header.Get("authorization")
			request.Header.Set("authorization", strings.Replace(text, `version="1"`, `version="2"`, 1))
		},
		"no signature": func(request *http.Request) { request.Header.Del("authorization") },
	}
	create := identity.CreateAuthTokenRequest{
		UserId:                 &w.user,
		CreateAuthTokenDetails: identity.CreateAuthTokenDetails{Description: common.String("x")},
	}
	for what, change := range changes {
		client := w.client(w.config.provider())
		client.HTTPClient = tamper{change, client.HTTPClient}
		_, err := client.CreateAuthToken(w.ctx, create)
		failure, ok := common.IsServiceError(err)
		that(ok && failure.GetHTTPStatusCode() == 401 && failure.GetMessage() == unproven, what)
	}
	client := w.client(w.config.provider())
	client.HTTPClient = tamper{set("opc-client-info", "unsigned"), client.HTTPClient}
	_, err := client.CreateAuthToken(w.ctx, create)
	must(err)
}

func skew(w *walk) {
	move := func(seconds int) {
		w.control(http.MethodPost, "clock/advance", map[string]int{"seconds": seconds}, nil)
	}
	for _, seconds := range []int{310, -310} {
		move(seconds)
		_, err := w.listed(w.admin)
		unauthenticated(err)
		move(-seconds)
	}
	move(290)
	_, err := w.listed(w.admin)
	must(err)
	move(-290)
}

// A token of a session in place of user and fingerprint.
type sessionProvider struct {
	common.ConfigurationProvider
	token string
}

func (p sessionProvider) KeyID() (string, error) { return "ST$" + p.token, nil }

func sessions(w *walk) {
	key := w.pairs[0]
	open := func(seconds int) identity.IdentityClient {
		var made struct{ Token string }
		w.control(http.MethodPost, "oci/sessions", map[string]any{"user": "ci", "key": key.publicPEM, "seconds": seconds}, &made)
		own := w.config
		own.KeyContent = key.privatePEM
		return w.client(sessionProvider{own.provider(), made.Token})
	}
	_, err := w.listed(open(60))
	must(err)
	_, err = w.listed(open(0))
	unauthenticated(err)
}
