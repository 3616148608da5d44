{{/* A name of at most 63 characters. Two long ones that begin alike stay two. */}}
{{- define "brahe.shortened" -}}
{{- if gt (len .) 63 -}}
{{- printf "%s-%s" (trunc 54 . | trimSuffix "-") (sha256sum . | trunc 8) -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{- define "brahe.name" -}}
{{- include "brahe.shortened" (default .Chart.Name .Values.nameOverride) -}}
{{- end -}}

{{- define "brahe.fullname" -}}
{{- $name := include "brahe.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- include "brahe.shortened" .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- include "brahe.shortened" (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- end -}}

{{- define "brahe.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* The name of what belongs to no namespace: releases of one name in two namespaces have two. */}}
{{- define "brahe.clusterName" -}}
{{- $name := include "brahe.fullname" . -}}
{{- $namespace := include "brahe.namespace" . -}}
{{- if eq $name $namespace -}}
{{- $name -}}
{{- else -}}
{{- printf "%s:%s" $namespace $name -}}
{{- end -}}
{{- end -}}

{{- define "brahe.webConfigSecret" -}}
{{- default (include "brahe.shortened" (printf "%s-web" (include "brahe.fullname" .))) .Values.webConfig.existingSecret -}}
{{- end -}}

{{- define "brahe.serviceAccountName" -}}
{{- default (ternary (include "brahe.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "brahe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "brahe.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "brahe.componentLabels" -}}
{{ include "brahe.selectorLabels" . }}
app.kubernetes.io/component: exporter
{{- end -}}

{{/* As a list of the root and of what comes in addition and wins. */}}
{{- define "brahe.labels" -}}
{{- $root := first . -}}
{{- $labels := include "brahe.componentLabels" $root | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" (toString $root.Chart.AppVersion) -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- toYaml (mergeOverwrite $labels (deepCopy $root.Values.labels) (deepCopy (index . 1))) -}}
{{- end -}}

{{/* metadata of an object: a dict of root, name, and what it has of its own: namespace ("" for none), labels, annotations. */}}
{{- define "brahe.metadata" -}}
{{- $root := .root -}}
name: {{ .name | quote }}
{{- with (hasKey . "namespace" | ternary .namespace (include "brahe.namespace" $root)) }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "brahe.labels" (list $root (default dict .labels)) | nindent 2 }}
{{- with (mergeOverwrite (deepCopy $root.Values.annotations) (deepCopy (default dict .annotations))) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What is not empty of some keys of a map, as YAML. As a list of the map and the keys. */}}
{{- define "brahe.given" -}}
{{- $given := dict -}}
{{- $map := first . -}}
{{- range $key := rest . -}}
{{- with index $map $key -}}
{{- $_ := set $given $key . -}}
{{- end -}}
{{- end -}}
{{- if $given -}}
{{- toYaml $given -}}
{{- end -}}
{{- end -}}

{{- define "brahe.image" -}}
{{- $image := .Values.image -}}
{{- with (default $image.registry .Values.global.imageRegistry) }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- else -}}
:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "brahe.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- with (uniq $secrets) -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* "true" if there is a file of the web's configuration. */}}
{{- define "brahe.hasWebConfig" -}}
{{- if or .Values.webConfig.existingSecret .Values.webConfig.content .Values.tls.existingSecret -}}
true
{{- end -}}
{{- end -}}

{{- define "brahe.webConfig" -}}
{{- $content := deepCopy .Values.webConfig.content -}}
{{- if .Values.tls.existingSecret -}}
{{- $server := dict "cert_file" "/etc/brahe-tls/tls.crt" "key_file" "/etc/brahe-tls/tls.key" -}}
{{- $_ := set $content "tls_server_config" (merge $server (default dict $content.tls_server_config)) -}}
{{- end -}}
{{- toYaml $content -}}
{{- end -}}

{{/* The exporter's file: config, and what other values decide. */}}
{{- define "brahe.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $kube := default dict $config.kube -}}
{{- $_ := set $config "kube" $kube -}}
{{- $_ := set $kube "enabled" (ne .Values.podSource "none") -}}
{{- if $kube.enabled -}}
{{- $_ := set $kube "podInformer" (mergeOverwrite (default dict $kube.podInformer) (dict "mode" .Values.podSource)) -}}
{{- end -}}
{{- if include "brahe.hasWebConfig" . -}}
{{- $web := dict "configFile" "/etc/brahe-web/web.yaml" "probesWithoutAuth" true -}}
{{- $_ := set $config "web" (mergeOverwrite $web (default dict $config.web)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "brahe.port" -}}
{{- default (list ":28282") (default dict .Values.config.web).listenAddresses | first | regexFind "[0-9]+$" -}}
{{- end -}}

{{- define "brahe.scheme" -}}
{{- ternary "https" "http" .Values.tls.enabled -}}
{{- end -}}

{{/* A probe, by HTTPS where the exporter speaks it. As a list of the root and the probe. */}}
{{- define "brahe.probe" -}}
{{- $probe := deepCopy (index . 1) -}}
{{- if and $probe.httpGet (first .).Values.tls.enabled -}}
{{- $_ := set $probe "httpGet" (merge $probe.httpGet (dict "scheme" "HTTPS")) -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* What a ServiceMonitor and a PodMonitor say of the scrape. As a list of the root and the monitor's values. */}}
{{- define "brahe.endpoint" -}}
{{- $monitor := index . 1 -}}
port: http
path: {{ $monitor.path | quote }}
scheme: {{ default (include "brahe.scheme" (first .)) $monitor.scheme }}
honorLabels: {{ $monitor.honorLabels }}
{{- with include "brahe.given" (list $monitor "interval" "scrapeTimeout" "params" "proxyUrl" "tlsConfig" "basicAuth" "authorization" "oauth2" "relabelings" "metricRelabelings") }}
{{ . }}
{{- end }}
{{- range $key := list "filterRunning" "followRedirects" "enableHttp2" }}
{{- if kindIs "bool" (index $monitor $key) }}
{{ $key }}: {{ index $monitor $key }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The rest of the spec of a ServiceMonitor or a PodMonitor: the same list. */}}
{{- define "brahe.monitor" -}}
{{- $root := first . -}}
{{- $monitor := index . 1 -}}
selector:
  {{- if $monitor.selectorOverride }}
  {{- toYaml $monitor.selectorOverride | nindent 2 }}
  {{- else }}
  matchLabels:
    {{- include "brahe.selectorLabels" $root | nindent 4 }}
  {{- end }}
{{- if and $monitor.namespace (ne $monitor.namespace (include "brahe.namespace" $root)) }}
namespaceSelector:
  matchNames:
    - {{ include "brahe.namespace" $root | quote }}
{{- end }}
{{- with include "brahe.given" (list $monitor "jobLabel" "targetLabels" "podTargetLabels" "attachMetadata" "sampleLimit" "targetLimit" "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit") }}
{{ . }}
{{- end }}
{{- end -}}
