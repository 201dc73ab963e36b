// Holds resources of Kubernetes, Istio and Envoy Gateway (a JSON list on standard input) against their schemas,
// as the npm packages kubernetes-models, @kubernetes-models/istio and @kubernetes-models/envoy-gateway carry them. Prints a JSON list of faults.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const load = (name) => import(pathToFileURL(`${process.env.SEALGATE_NODE_MODULES}/${name}.js`));

const places = {
  "v1/Namespace": ["kubernetes-models/v1/Namespace", "Namespace"],
  "v1/ServiceAccount": ["kubernetes-models/v1/ServiceAccount", "ServiceAccount"],
  "v1/ConfigMap": ["kubernetes-models/v1/ConfigMap", "ConfigMap"],
  "v1/Service": ["kubernetes-models/v1/Service", "Service"],
  "apps/v1/Deployment": ["kubernetes-models/apps/v1/Deployment", "Deployment"],
  "networking.k8s.io/v1/NetworkPolicy": ["kubernetes-models/networking.k8s.io/v1/NetworkPolicy", "NetworkPolicy"],
  "policy/v1/PodDisruptionBudget": ["kubernetes-models/policy/v1/PodDisruptionBudget", "PodDisruptionBudget"],
  "networking.istio.io/v1alpha3/EnvoyFilter": ["@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter", "EnvoyFilter"],
  "gateway.envoyproxy.io/v1alpha1/EnvoyPatchPolicy": ["@kubernetes-models/envoy-gateway/gateway.envoyproxy.io/v1alpha1/EnvoyPatchPolicy", "EnvoyPatchPolicy"],
};

const faults = [];
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const kind = `${resource.apiVersion}/${resource.kind}`;
  if (!places[kind]) {
    faults.push(`${kind}: no schema`);
    continue;
  }
  const [place, name] = places[kind];
  const Model = (await load(place))[name];
  try {
    new Model(resource).validate();
  } catch (error) {
    faults.push(`${kind}: ${error.message}`);
  }
}
process.stdout.write(JSON.stringify(faults));
