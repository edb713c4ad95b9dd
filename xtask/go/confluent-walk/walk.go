package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"

	apikeys "github.com/confluentinc/ccloud-sdk-go-v2/apikeys/v2"
)

// A key with its secret.
type pair struct{ key, secret string }

// What a key is for, as the stand-in's control side tells it.
type resource struct {
	ID          string `json:"id"`
	Environment string `json:"environment"`
}

// What is wanted of a new key; the walk's own account and a Cloud key unless something else is named.
type order struct {
	owner, name, description string
	resource                 resource
}

// The walk, which every check begins with an organisation of one service account without keys.
type walk struct {
	endpoint string
	admin    pair
	owner    string
}

func (w *walk) begin() {
	w.call("POST", "/_localcloud/reset", "{}")
	w.set(`{"rate_limit": null, "gone": "not_found", "over_quota": "payment_required",
		"quotas": {"cluster_per_service_account": 100}}`)
	w.owner = w.control("POST", "service-accounts", `{"name": "ci"}`)["id"].(string)
}

func (w *walk) client() apikeys.APIKeysIamV2Api {
	configuration := apikeys.NewConfiguration()
	configuration.Servers = apikeys.ServerConfigurations{{URL: w.endpoint}}
	return apikeys.NewAPIClient(configuration).APIKeysIamV2Api
}

func (w *walk) as(who pair) context.Context {
	basic := apikeys.BasicAuth{UserName: who.key, Password: who.secret}
	return context.WithValue(context.Background(), apikeys.ContextBasicAuth, basic)
}

func (w *walk) make(wanted order) (apikeys.IamV2ApiKey, *http.Response, error) {
	return w.makeAs(w.admin, wanted)
}

func (w *walk) makeAs(who pair, wanted order) (apikeys.IamV2ApiKey, *http.Response, error) {
	spec := apikeys.NewIamV2ApiKeySpec()
	spec.SetDisplayName(wanted.name)
	spec.SetDescription(wanted.description)
	owner := wanted.owner
	if owner == "" {
		owner = w.owner
	}
	spec.SetOwner(apikeys.ObjectReference{Id: owner})
	if wanted.resource.ID != "" {
		reference := apikeys.ObjectReference{Id: wanted.resource.ID}
		if wanted.resource.Environment != "" {
			reference.SetEnvironment(wanted.resource.Environment)
		}
		spec.SetResource(reference)
	}
	return w.client().CreateIamV2ApiKey(w.as(who)).IamV2ApiKey(apikeys.IamV2ApiKey{Spec: spec}).Execute()
}

// A key that must be made.
func (w *walk) made(wanted order) (apikeys.IamV2ApiKey, *http.Response) {
	key, answer, err := w.make(wanted)
	held(err)
	return key, answer
}

// The sizes of all pages, and the ids on them.
func (w *walk) list(owner, resource string, size int32) (sizes []int, ids []string) {
	token := ""
	for {
		request := w.client().ListIamV2ApiKeys(w.as(w.admin)).SpecOwner(owner).SpecResource(resource).PageToken(token)
		if size > 0 {
			request = request.PageSize(size)
		}
		page, _, err := request.Execute()
		held(err)
		sizes = append(sizes, len(page.Data))
		for _, key := range page.Data {
			ids = append(ids, key.GetId())
		}
		next, err := url.Parse(page.Metadata.GetNext())
		held(err)
		if next.String() == "" {
			return sizes, ids
		}
		expect(next.Scheme+"://"+next.Host, w.endpoint)
		token = next.Query().Get("page_token")
		expect(token != "" && len(token) <= 255, true)
	}
}

// The errors that the client read from a refusal.
func (w *walk) refused(answer *http.Response, err error, status int, code string) []apikeys.Error {
	refusal, read := err.(apikeys.GenericOpenAPIError)
	if !read {
		fail("not refused with %d %s, but: %v", status, code, err)
	}
	expect(answer.StatusCode, status)
	failure, read := refusal.Model().(apikeys.Failure)
	if !read || len(failure.Errors) == 0 {
		fail("the client found no errors in %s", refusal.Body())
	}
	for _, told := range failure.Errors {
		expect(told.GetCode(), code)
		expect(told.GetStatus(), fmt.Sprint(status))
		expect(told.GetId(), answer.Header.Get("X-Request-Id"))
		expect(told.GetId() != "" && told.GetDetail() != "", true)
	}
	return failure.Errors
}

func pointers(err error) (found []string) {
	refusal, _ := err.(apikeys.GenericOpenAPIError)
	failure, _ := refusal.Model().(apikeys.Failure)
	for _, told := range failure.Errors {
		source := told.GetSource()
		found = append(found, source.GetPointer())
	}
	return found
}

func (w *walk) cluster(kind string) (made resource) {
	told := w.control("POST", "clusters", `{"kind": "`+kind+`"}`)
	made.ID = told["id"].(string)
	made.Environment, _ = told["environment"].(string)
	return made
}

func (w *walk) set(settings string) { w.control("PUT", "settings", settings) }

func (w *walk) control(method, route, body string) map[string]any {
	return w.call(method, "/_localcloud/confluent/"+route, body)
}

func (w *walk) call(method, route, body string) (told map[string]any) {
	request, err := http.NewRequest(method, w.endpoint+route, strings.NewReader(body))
	held(err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	held(err)
	defer answer.Body.Close()
	expect(answer.StatusCode, 200)
	held(json.NewDecoder(answer.Body).Decode(&told))
	return told
}

func held(err error) {
	if refusal, refused := err.(apikeys.GenericOpenAPIError); refused {
		fail("%v: %s", err, refusal.Body())
	}
	if err != nil {
		fail("%v", err)
	}
}

func expect[T comparable](found, wanted T) {
	if found != wanted {
		fail("%v instead of %v", found, wanted)
	}
}

// Ends the walk, naming the line of the check.
func fail(format string, values ...any) {
	places := ""
	for depth := 1; ; depth++ {
		_, file, line, known := runtime.Caller(depth)
		if !known || strings.HasPrefix(file, runtime.GOROOT()) {
			break
		}
		if at := strings.LastIndex(file, "/"); strings.HasSuffix(file, "main.go") {
			places += fmt.Sprintf("%s:%d: ", file[at+1:], line)
			break
		}
	}
	fmt.Fprintln(os.Stderr, places+fmt.Sprintf(format, values...))
	os.Exit(1)
}
