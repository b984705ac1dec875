// The definitions of what the chart makes for the operator of Prometheus and for the Gateway
// API, as their projects publish them. There is no Go here: `go mod download` fetches and checks.
module tvtantrum.com/tests/crds

go 1.24

require (
	github.com/prometheus-operator/prometheus-operator v0.92.1
	sigs.k8s.io/gateway-api v1.4.0
)
