module keyrotation.dev/xtask/confluent-walk

go 1.26

require github.com/confluentinc/ccloud-sdk-go-v2/apikeys v0.4.0

require golang.org/x/oauth2 v0.27.0 // indirect
