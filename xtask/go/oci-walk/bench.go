package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/identity"
)

// The OCIDs and the key that the stand-in hands out.
type config struct {
	Tenancy     string `json:"tenancy"`
	User        string `json:"user"`
	Fingerprint string `json:"fingerprint"`
	KeyContent  string `json:"key_content"`
	Region      string `json:"region"`
}

// A pair of keys, as a user makes one.
type pair struct {
	private     *rsa.PrivateKey
	privatePEM  string
	publicPEM   string
	fingerprint string
}

func makePair() pair {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	must(err)
	digits := []string{}
	for _, digit := range md5.Sum(public) {
		digits = append(digits, fmt.Sprintf("%02x", digit))
	}
	return pair{
		private:     private,
		privatePEM:  toPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)),
		publicPEM:   toPEM("PUBLIC KEY", public),
		fingerprint: strings.Join(digits, ":"),
	}
}

func toPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// A tenancy with nothing but its administrator and the user ci, and ways to reach both.
type walk struct {
	ctx      context.Context
	endpoint string
	config   config
	pairs    []pair
	user     string
	admin    identity.IdentityClient
}

func begin(endpoint string, pairs []pair) *walk {
	w := &walk{ctx: context.Background(), endpoint: endpoint, pairs: pairs}
	w.control(http.MethodPost, "reset", nil, nil)
	w.control(http.MethodGet, "oci/config", nil, &w.config)
	var made struct{ ID string }
	w.control(http.MethodPost, "oci/users", map[string]any{"name": "ci"}, &made)
	w.user = made.ID
	w.admin = w.client(w.config.provider())
	return w
}

func (c config) provider() common.ConfigurationProvider {
	return common.NewRawConfigurationProvider(c.Tenancy, c.User, c.Region, c.Fingerprint, c.KeyContent, nil)
}

// A client of the home region, without retries and without connections that it keeps.
func (w *walk) client(provider common.ConfigurationProvider) identity.IdentityClient {
	client, err := identity.NewIdentityClientWithConfigurationProvider(provider)
	must(err)
	never := common.NoRetryPolicy()
	client.Configuration.RetryPolicy = &never
	client.Configuration.CircuitBreaker = nil
	client.HTTPClient = &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		Timeout:   3 * time.Second,
	}
	client.Host = w.endpoint
	return client
}

// A client that signs with a key of the user ci.
func (w *walk) as(key pair) identity.IdentityClient {
	own := w.config
	own.User, own.Fingerprint, own.KeyContent = w.user, key.fingerprint, key.privatePEM
	return w.client(own.provider())
}

// The same client at another region of the stand-in, which the path names.
func at(client identity.IdentityClient, region string) identity.IdentityClient {
	client.BasePath = "oci/" + region + "/20160918"
	return client
}

func (w *walk) upload(key pair) identity.ApiKey {
	answer, err := w.admin.UploadApiKey(w.ctx, w.uploadOf(key.publicPEM))
	must(err)
	return answer.ApiKey
}

func (w *walk) uploadOf(public string) identity.UploadApiKeyRequest {
	return identity.UploadApiKeyRequest{
		UserId:              &w.user,
		CreateApiKeyDetails: identity.CreateApiKeyDetails{Key: &public},
	}
}

func (w *walk) listed(client identity.IdentityClient) ([]identity.ApiKey, error) {
	answer, err := client.ListApiKeys(w.ctx, identity.ListApiKeysRequest{UserId: &w.user})
	return answer.Items, err
}

func (w *walk) control(method, route string, body, into any) {
	var sent bytes.Buffer
	if body != nil {
		must(json.NewEncoder(&sent).Encode(body))
	}
	request, err := http.NewRequest(method, w.endpoint+"/_localcloud/"+route, &sent)
	must(err)
	request.Header.Set("content-type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		panic(fmt.Sprintf("%s answers %s", route, answer.Status))
	}
	if into != nil {
		must(json.NewDecoder(answer.Body).Decode(into))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		panic(fmt.Sprintf("%#v is not %#v", found, wanted))
	}
}

func that(holds bool, what string) {
	if !holds {
		panic("not so: " + what)
	}
}

// The error that a call must end with; gives its message.
func refused(err error, status int, code string) string {
	failure, ok := common.IsServiceError(err)
	if !ok {
		panic(fmt.Sprintf("not refused with %d %s: %v", status, code, err))
	}
	if failure.GetHTTPStatusCode() != status || failure.GetCode() != code {
		panic(fmt.Sprintf("refused with %d %s: %s", failure.GetHTTPStatusCode(), failure.GetCode(), failure.GetMessage()))
	}
	return failure.GetMessage()
}

const unproven = "The required information to complete authentication was not provided or was incorrect."

func unauthenticated(err error) {
	equal(refused(err, 401, "NotAuthenticated"), unproven)
}
