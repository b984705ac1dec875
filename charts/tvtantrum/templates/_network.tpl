{{/* Pieces of NetworkPolicies: each hop is a peer with a name. */}}

{{/* Takes (list $ "part"): the start of a policy for a part's pods. */}}
{{- define "tvtantrum.policy" -}}
{{- $root := index . 0 -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "tvtantrum.name" . }}
  labels: {{- include "tvtantrum.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "tvtantrum.selector" . | nindent 6 }}
{{- end }}

{{/* Takes (list $ "part"): those pods, as a peer. */}}
{{- define "tvtantrum.peer" -}}
- podSelector:
    matchLabels: {{- include "tvtantrum.selector" . | nindent 6 }}
{{- end }}

{{/* Takes (list $ port): who may read metrics there. */}}
{{- define "tvtantrum.metricsIngress" -}}
{{- $root := index . 0 -}}
{{- if or $root.Values.prometheus.enabled $root.Values.networkPolicies.metricsFrom }}
- ports: [{ protocol: TCP, port: {{ index . 1 }} }]
  from:
    {{- if $root.Values.prometheus.enabled }}
    {{- include "tvtantrum.peer" (list $root "prometheus") | nindent 4 }}
    {{- end }}
    {{- with $root.Values.networkPolicies.metricsFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Takes $: the way to the collector of traces, where there is one. */}}
{{- define "tvtantrum.tracesEgress" -}}
{{- if .Values.tracing.otlpEndpoint }}
- ports: [{ protocol: TCP, port: {{ regexFind "[0-9]+$" .Values.tracing.otlpEndpoint }} }]
  to: {{- toYaml .Values.networkPolicies.tracesTo | nindent 4 }}
{{- end }}
{{- end }}

{{/* Takes $: the way to PostgreSQL, wherever it is. */}}
{{- define "tvtantrum.postgresEgress" -}}
{{- if eq .Values.postgres.mode "embedded" }}
- ports: [{ protocol: TCP, port: 5432 }]
  to:
    {{- include "tvtantrum.peer" (list . "postgres") | nindent 4 }}
{{- else }}
- ports: [{ protocol: TCP, port: {{ .Values.postgres.external.port }} }]
  to:
    {{- range .Values.postgres.external.cidrs }}
    - ipBlock: { cidr: {{ . | quote }} }
    {{- end }}
{{- end }}
{{- end }}
