{{/* Pieces that pods share. */}}

{{/* Takes (list $ "serving"|"background"): what every pod of the release says. */}}
{{- define "tvtantrum.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ $root.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- if $root.Values.priorityClasses.enabled }}
priorityClassName: {{ include "tvtantrum.priorityClass" . }}
{{- end }}
{{- with $root.Values.scheduling.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.scheduling.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
dnsConfig:
  options:
    # Names with two dots are tried as they stand. The default of 5 asks for four others first.
    - { name: ndots, value: "2" }
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tvtantrum.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Takes (list $ "part"). Preferences, for a pod in a bad place is better than none. */}}
{{- define "tvtantrum.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "tvtantrum.selector" $ | nindent 8 }}
    # Counts the pods of one revision, or those on their way out would be spread against.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}

{{/* A new pod is ready before an old one goes. */}}
{{- define "tvtantrum.rollout" -}}
strategy:
  type: RollingUpdate
  rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
revisionHistoryLimit: 3
{{- end }}

{{/* Takes (list $ "VARIABLE" "key"): an environment variable from the release's Secret. */}}
{{- define "tvtantrum.secretEnv" -}}
{{- $root := index . 0 -}}
- name: {{ index . 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ include "tvtantrum.secretName" $root }}
      key: {{ index . 2 }}
{{- end }}

{{/* Takes (list "key" "variable"…) of a map of settings: more environment variables. */}}
{{- define "tvtantrum.settingsEnv" -}}
{{- range $name, $value := . }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}

{{/*
Takes (list port). For a server of gRPC health: readiness is the service "", and
"liveness" serves for as long as the event loop turns. A frozen process is noticed after
3 × 5 s and the last timeout, gets 5 s that it cannot use, and is back within 40 s.
*/}}
{{- define "tvtantrum.grpcProbes" -}}
startupProbe:
  grpc: { port: {{ index . 0 }}, service: liveness }
  periodSeconds: 1
  timeoutSeconds: 2
  # On a busy node the first start takes a while.
  failureThreshold: 90
readinessProbe:
  grpc: { port: {{ index . 0 }} }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  grpc: { port: {{ index . 0 }}, service: liveness }
  {{- include "tvtantrum.liveness" . | nindent 2 }}
{{- end }}

{{/* What all liveness probes have in common. */}}
{{- define "tvtantrum.liveness" -}}
periodSeconds: 5
timeoutSeconds: 3
failureThreshold: 3
# What does not answer does not hear SIGTERM either; the pod's own grace would be a long wait.
terminationGracePeriodSeconds: 5
{{- end }}

{{/* Takes (list $ "part"). Kubernetes must not move two pods of a part at once. */}}
{{- define "tvtantrum.disruptionBudget" -}}
{{- $root := index . 0 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "tvtantrum.name" . }}
  labels: {{- include "tvtantrum.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A pod that serves nobody must not block a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "tvtantrum.selector" . | nindent 6 }}
{{- end }}

{{/* Takes (list $ "part"). */}}
{{- define "tvtantrum.autoscaler" -}}
{{- $root := index . 0 -}}
{{- $scaling := (index $root.Values (index . 1)).autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "tvtantrum.name" . }}
  labels: {{- include "tvtantrum.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "tvtantrum.name" . }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ $scaling.targetCpuPercent }} }
{{- end }}

{{/* Takes (list $ "part"): for the operator of Prometheus. */}}
{{- define "tvtantrum.serviceMonitor" -}}
{{- $root := index . 0 -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "tvtantrum.name" . }}
  labels:
    {{- include "tvtantrum.labels" . | nindent 4 }}
    {{- with $root.Values.monitoring.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- include "tvtantrum.selector" . | nindent 6 }}
  endpoints:
    - port: metrics
      interval: 15s
      relabelings:
        # Tells engines of this product from others that one Prometheus reads.
        - { targetLabel: product, replacement: tvtantrum }
{{- end }}

{{/*
What the pods of hooks say. Before the first install there is no ServiceAccount and no
PriorityClass of the release's yet.
*/}}
{{- define "tvtantrum.hookPod" -}}
{{- $pod := include "tvtantrum.pod" (list . "serving") | fromYaml -}}
{{- omit $pod "serviceAccountName" "automountServiceAccountToken" "priorityClassName" | toYaml -}}
{{- end }}
