// Confluent's own Go client as a client of the stand-in.
//
// Usage: confluent-walk ENDPOINT API_KEY API_SECRET
//
// Runs every check below and prints the name of each that held, one a line. Ends with status 1 and a message at
// the first that does not hold.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	apikeys "github.com/confluentinc/ccloud-sdk-go-v2/apikeys/v2"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: confluent-walk ENDPOINT API_KEY API_SECRET")
		os.Exit(2)
	}
	walk := &walk{endpoint: os.Args[1], admin: pair{os.Args[2], os.Args[3]}}
	for _, check := range []struct {
		name string
		run  func()
	}{
		{"create", walk.create},
		{"kinds", walk.kinds},
		{"read", walk.read},
		{"update", walk.update},
		{"pages", walk.pages},
		{"filters", walk.filters},
		{"delete", walk.delete},
		{"unauthenticated", walk.unauthenticated},
		{"forbidden", walk.forbidden},
		{"invalid", walk.invalid},
		{"quota", walk.quota},
		{"conflict", walk.conflict},
		{"throttled", walk.throttled},
		{"lost_answer", walk.lostAnswer},
	} {
		walk.begin()
		check.run()
		fmt.Println(check.name)
	}
}

func (w *walk) create() {
	key, answer := w.made(order{name: "first", description: "a note", resource: w.cluster("kafka")})
	expect(answer.StatusCode, 202)
	expect(strings.HasPrefix(key.Spec.GetSecret(), "cflt"), true)
	expect(answer.Header.Get("Location"), w.endpoint+"/iam/v2/api-keys/"+key.GetId())
	expect(key.Metadata.GetSelf(), answer.Header.Get("Location"))
	expect(len(key.GetId()), 16)
	expect(key.GetKind()+" "+key.GetApiVersion(), "ApiKey iam/v2")
	expect(key.Spec.GetDisplayName()+", "+key.Spec.GetDescription(), "first, a note")
	expect(key.Spec.Owner.GetId()+" "+key.Spec.Owner.GetKind(), w.owner+" ServiceAccount")
	age := time.Since(key.Metadata.GetCreatedAt())
	expect(age > -time.Second && age < time.Minute, true)
	expect(strings.HasSuffix(key.Metadata.GetResourceName(), "/service-account="+w.owner+"/api-key="+key.GetId()), true)
}

// What each kind is asked for by, and how the answer tells it.
func (w *walk) kinds() {
	for _, kind := range []struct{ name, told string }{
		{"cloud", "Cloud iam/v2"},
		{"global", "Global global/v1"},
		{"kafka", "Cluster cmk/v2"},
		{"schema_registry", "SchemaRegistry srcm/v2"},
		{"ksqldb", "ksqlDB ksqldbcm/v2"},
		{"flink", "Region fcpm/v2"},
		{"tableflow", "Tableflow tableflow/v1"},
	} {
		resource := w.cluster(kind.name)
		key, _ := w.made(order{resource: resource})
		told := key.Spec.GetResource()
		expect(told.GetKind()+" "+told.GetApiVersion(), kind.told)
		id := resource.ID
		if kind.name == "flink" {
			id = resource.Environment + "." + id
		}
		expect(told.GetId(), id)
		expect(told.GetRelated() != "" && told.GetResourceName() != "", true)
	}
	key, _ := w.made(order{})
	resource := key.Spec.GetResource()
	expect(resource.GetKind()+" "+resource.GetRelated()+" "+resource.GetResourceName(), "Cloud cloud cloud")
}

func (w *walk) read() {
	made, _ := w.made(order{name: "some"})
	key, answer, err := w.client().GetIamV2ApiKey(w.as(w.admin), made.GetId()).Execute()
	held(err)
	expect(answer.StatusCode, 200)
	expect(key.Spec.GetSecret(), "")
	expect(key.Spec.GetDisplayName(), "some")
	expect(key.Metadata.GetCreatedAt().Equal(made.Metadata.GetCreatedAt()), true)
	_, answer, err = w.client().GetIamV2ApiKey(w.as(w.admin), "NOSUCHKEY").Execute()
	w.refused(answer, err, 404, "api_key_not_found")
}

func (w *walk) update() {
	made, _ := w.made(order{name: "old", description: "kept"})
	change := apikeys.IamV2ApiKeyUpdate{Spec: &apikeys.IamV2ApiKeySpecUpdate{DisplayName: apikeys.PtrString("new")}}
	key, answer, err := w.client().UpdateIamV2ApiKey(w.as(w.admin), made.GetId()).IamV2ApiKeyUpdate(change).Execute()
	held(err)
	expect(answer.StatusCode, 200)
	expect(key.Spec.GetDisplayName()+", "+key.Spec.GetDescription(), "new, kept")
	expect(key.Metadata.GetUpdatedAt().After(made.Metadata.GetUpdatedAt()), true)
	expect(key.Spec.GetSecret(), "")
}

func (w *walk) pages() {
	var made []string
	for range 23 {
		key, _ := w.made(order{})
		made = append(made, key.GetId())
	}
	slices.Sort(made)
	sizes, ids := w.list(w.owner, "", 0)
	expect(fmt.Sprint(sizes), "[10 10 3]")
	slices.Sort(ids)
	expect(strings.Join(ids, " "), strings.Join(made, " "))
	sizes, _ = w.list(w.owner, "", 100)
	expect(fmt.Sprint(sizes), "[23]")
	_, answer, err := w.client().ListIamV2ApiKeys(w.as(w.admin)).PageSize(101).Execute()
	w.refused(answer, err, 400, "invalid_filter")
	_, answer, err = w.client().ListIamV2ApiKeys(w.as(w.admin)).PageToken("nonsense").Execute()
	w.refused(answer, err, 400, "invalid_filter")
}

func (w *walk) filters() {
	kafka, flink := w.cluster("kafka"), w.cluster("flink")
	one, _ := w.made(order{resource: kafka})
	two, _ := w.made(order{resource: flink})
	three, _ := w.made(order{})
	other := w.control("POST", "service-accounts", `{"name": "other"}`)["id"].(string)
	four, _ := w.made(order{owner: other, resource: kafka})
	for _, wanted := range []struct {
		owner, resource string
		ids             []string
	}{
		{w.owner, "", []string{one.GetId(), two.GetId(), three.GetId()}},
		{"", kafka.ID, []string{one.GetId(), four.GetId()}},
		{w.owner, kafka.ID, []string{one.GetId()}},
		{w.owner, flink.Environment + "." + flink.ID, []string{two.GetId()}},
		{w.owner, "cloud", []string{three.GetId()}},
		{"sa-nobody", "", nil},
	} {
		_, ids := w.list(wanted.owner, wanted.resource, 100)
		slices.Sort(ids)
		slices.Sort(wanted.ids)
		expect(strings.Join(ids, " "), strings.Join(wanted.ids, " "))
	}
	// Confluent's CLI always sends both filters; empty ones are none. The admin's own key is there, too.
	_, ids := w.list("", "", 100)
	expect(len(ids), 5)
}

func (w *walk) delete() {
	made, _ := w.made(order{})
	id := made.GetId()
	answer, err := w.client().DeleteIamV2ApiKey(w.as(w.admin), id).Execute()
	held(err)
	expect(answer.StatusCode, 204)
	expect(answer.ContentLength, int64(0))
	gone := func(status int, code string) {
		_, answer, err := w.client().GetIamV2ApiKey(w.as(w.admin), id).Execute()
		w.refused(answer, err, status, code)
		answer, err = w.client().DeleteIamV2ApiKey(w.as(w.admin), id).Execute()
		w.refused(answer, err, status, code)
	}
	gone(404, "api_key_not_found")
	w.set(`{"gone": "forbidden"}`)
	gone(403, "forbidden_access")
	_, ids := w.list(w.owner, "", 0)
	expect(len(ids), 0)
}

func (w *walk) unauthenticated() {
	kafka, _ := w.made(order{resource: w.cluster("kafka")})
	for _, who := range []pair{{w.admin.key, "wrong"}, {"NOSUCHKEY", "wrong"}, {kafka.GetId(), kafka.Spec.GetSecret()}} {
		_, answer, err := w.client().ListIamV2ApiKeys(w.as(who)).Execute()
		w.refused(answer, err, 401, "user_unauthenticated")
		told := answer.Header.Get("WWW-Authenticate")
		expect(told, `Basic error="invalid_key", error_description="The API Key is invalid"`)
	}
}

func (w *walk) forbidden() {
	_, answer, err := w.make(order{owner: "sa-nobody"})
	w.refused(answer, err, 403, "forbidden_access")
	own, _ := w.made(order{})
	self := pair{own.GetId(), own.Spec.GetSecret()}
	_, answer, err = w.makeAs(self, order{})
	w.refused(answer, err, 403, "forbidden_access")
	w.control("PUT", "owners/"+w.owner+"/roles", `[{"resource_owner": "`+w.owner+`"}]`)
	_, _, err = w.makeAs(self, order{})
	held(err)
	list, _, err := w.client().ListIamV2ApiKeys(w.as(self)).Execute()
	held(err)
	expect(len(list.Data), 2)
}

func (w *walk) invalid() {
	_, answer, err := w.make(order{owner: "lkc-1", resource: resource{ID: "aws.us-east-1"}})
	w.refused(answer, err, 422, "invalid_configuration")
	expect(fmt.Sprint(pointers(err)), "[/spec/owner/id /spec/resource/environment]")
	_, answer, err = w.make(order{resource: resource{ID: "moon-1"}})
	w.refused(answer, err, 422, "invalid_configuration")
	expect(fmt.Sprint(pointers(err)), "[/spec/resource/id]")
	nobody := apikeys.IamV2ApiKey{Spec: apikeys.NewIamV2ApiKeySpec()}
	_, answer, err = w.client().CreateIamV2ApiKey(w.as(w.admin)).IamV2ApiKey(nobody).Execute()
	w.refused(answer, err, 422, "invalid_configuration")
	expect(fmt.Sprint(pointers(err)), "[/spec/owner]")
	_, answer, err = w.make(order{resource: resource{ID: "lkc-nobody"}})
	w.refused(answer, err, 403, "forbidden_access")
}

func (w *walk) quota() {
	w.set(`{"quotas": {"cluster_per_service_account": 2}}`)
	kafka := w.cluster("kafka")
	w.made(order{resource: kafka})
	w.made(order{resource: kafka})
	_, answer, err := w.make(order{resource: kafka})
	w.refused(answer, err, 402, "quota_exceeded")
	w.set(`{"over_quota": "bad_request"}`)
	_, answer, err = w.make(order{resource: kafka})
	told := w.refused(answer, err, 400, "bad_request")
	expect(strings.Contains(told[0].GetDetail(), "is currently limited to 2"), true)
	w.made(order{})
}

func (w *walk) conflict() {
	fault := `{"kind": "error_before", "status": 409, "code": "resource_already_exists", "message": "taken"}`
	w.call("POST", "/_localcloud/faults", `{"on": "CreateApiKey", "fault": `+fault+`}`)
	_, answer, err := w.make(order{})
	w.refused(answer, err, 409, "resource_already_exists")
}

func (w *walk) throttled() {
	w.set(`{"rate_limit": {"requests": 2, "per": "PT600S"}}`)
	for remaining := range 2 {
		_, answer, err := w.client().ListIamV2ApiKeys(w.as(w.admin)).Execute()
		held(err)
		expect(answer.Header.Get("X-RateLimit-Remaining"), fmt.Sprint(1-remaining))
	}
	_, answer, err := w.make(order{})
	// The specification has no model for 429, so the client reads none.
	expect(err != nil, true)
	expect(answer.StatusCode, http.StatusTooManyRequests)
	expect(answer.Header.Get("X-RateLimit-Limit")+" "+answer.Header.Get("X-RateLimit-Remaining"), "2 0")
	var wait int
	_, err = fmt.Sscan(answer.Header.Get("Retry-After"), &wait)
	held(err)
	expect(wait > 590 && wait <= 600, true)
	expect(answer.Header.Get("X-RateLimit-Reset"), fmt.Sprint(wait))
}

// A key is there although nobody has its secret; the list by owner finds it by its mark.
func (w *walk) lostAnswer() {
	w.call("POST", "/_localcloud/faults", `{"on": "CreateApiKey", "fault": {"kind": "drop_after"}}`)
	_, answer, err := w.make(order{name: "mark 7"})
	_, failed := err.(*url.Error)
	expect(failed && answer == nil, true)
	list, _, err := w.client().ListIamV2ApiKeys(w.as(w.admin)).SpecOwner(w.owner).SpecResource("cloud").Execute()
	held(err)
	expect(len(list.Data), 1)
	expect(list.Data[0].Spec.GetDisplayName(), "mark 7")
	_, err = w.client().DeleteIamV2ApiKey(w.as(w.admin), list.Data[0].GetId()).Execute()
	held(err)
}
