{{/* Names, labels and addresses. Each takes (list $ "part"). */}}

{{- define "tvtantrum.name" -}}
{{- $root := index . 0 -}}
{{ $root.Release.Name }}-{{ index . 1 }}
{{- end }}

{{/* What never changes: Deployments cannot change their selectors. */}}
{{- define "tvtantrum.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: tvtantrum
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* For an object's own metadata. Not for pods: a version there would restart them all. */}}
{{- define "tvtantrum.labels" -}}
{{- $root := index . 0 -}}
{{ include "tvtantrum.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- define "tvtantrum.image" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{- $tag := index $root.Values.images.tags $part | default $root.Chart.AppVersion -}}
image: {{ printf "%s/%s:%s" $root.Values.images.prefix $part $tag | quote }}
imagePullPolicy: {{ $root.Values.images.pullPolicy }}
{{- end }}

{{/* The full name, so that nobody walks through the search list of resolv.conf for it. */}}
{{- define "tvtantrum.host" -}}
{{- $root := index . 0 -}}
{{ include "tvtantrum.name" . }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.clusterDomain }}
{{- end }}

{{/* Takes (list $ "what"): a class for the whole cluster carries the release in its name. */}}
{{- define "tvtantrum.priorityClass" -}}
{{- $root := index . 0 -}}
{{ $root.Release.Namespace }}-{{ $root.Release.Name }}-{{ index . 1 }}
{{- end }}

{{- define "tvtantrum.secretName" -}}
{{ .Values.secrets.existingSecret | default (printf "%s-secrets" .Release.Name) }}
{{- end }}
