(* The printed Propositions 3.1 and 3.4 fail at prompt length L = 1.

   As printed, for centred token and query laws mu, nu that are sigma- and
   1-sub-Gaussian, sigma >= 1, with |T[mu]|_{L4(nu)} <= sigma^2 M (and, for 3.4,
   finite tilted moments), there are c1, c2 > 0 depending on d, V, K, Q, M only with
     output and V-gradient error <= c1 sigma^6  ln(L)   / L^{c2/sigma^2},
     U-gradient error            <= c1 sigma^12 ln(L)^2 / L^{c2/sigma^2}
   for every prompt length L.  At L = 1 every right side is 0.  In dimension one
   with V = 1, U = 0 and Rademacher tokens and queries (sigma = 1) all
   hypotheses hold, for every M >= 0, and the three errors are 1
   (counterexample_length_one); so no c1, c2 whatever make the printed
   statements true (printed_output_bound_false, ...).  This says nothing
   against L >= 2. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import independence real_bridges probability_measure iid_existence rademacher_law.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---- attention in dimension one ---- *)

Section Attention.
Variables (V U : RR).

(* order-q moment of the law tilted by e^{ax}, and |x|^q instead of x^q *)
Definition tilted_moment (mu : {measure set RR -> \bar RR}) (a : RR) (q : nat) : RR :=
  (\int[mu]_x (x ^+ q * rexp (a * x))) / (\int[mu]_x rexp (a * x)).
Definition tilted_absolute_moment (mu : {measure set RR -> \bar RR}) (a : RR) (q : nat) : RR :=
  (\int[mu]_x (`|x| ^+ q * rexp (a * x))) / (\int[mu]_x rexp (a * x)).

(* population attention T[mu](z) = V m(Uz), and its derivatives m(Uz) in V, V C(Uz) z in U *)
Definition population_output mu z : RR := V * tilted_moment mu (U * z) 1.
Definition population_value_gradient mu z : RR := tilted_moment mu (U * z) 1.
Definition population_key_query_gradient mu z : RR :=
  V * (tilted_moment mu (U * z) 2 - tilted_moment mu (U * z) 1 ^+ 2) * z.

(* finite prompt: the same with the softmax averages sum_i p_i X_i^q, p_i = e^{U z X_i} / sum_j e^{U z X_j} *)
Section Prompt.
Context d (Om : measurableType d) (L : nat) (X : nat -> Om -> RR).
Definition prompt_moment z q o : RR :=
  weighted_mean L X (fun x => rexp (U * z * x)) (fun x => x ^+ q) o.
Definition prompt_output z o : RR := V * prompt_moment z 1 o.
Definition prompt_value_gradient z o : RR := prompt_moment z 1 o.
Definition prompt_key_query_gradient z o : RR :=
  V * (prompt_moment z 2 o - prompt_moment z 1 o ^+ 2) * z.

(* squared L2(nu) errors, averaged over the prompt *)
Variables (P : {measure set Om -> \bar RR}) (mu nu : {measure set RR -> \bar RR}).
Definition output_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_output z o - population_output mu z) ^+ 2)%:E)%E.
Definition value_gradient_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_value_gradient z o - population_value_gradient mu z) ^+ 2)%:E)%E.
Definition key_query_gradient_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_key_query_gradient z o - population_key_query_gradient mu z) ^+ 2)%:E)%E.
End Prompt.

(* ---- the printed statements ---- *)

Record printed_hypotheses (sigma M : RR) (mu nu : {measure set RR -> \bar RR}) : Prop := {
  token_probability : mu setT = 1%E;
  query_probability : nu setT = 1%E;
  sigma_ge1 : 1 <= sigma;
  token_centred : centred mu;
  query_centred : centred nu;
  token_sub_gaussian : sub_gaussian sigma mu;
  query_sub_gaussian : sub_gaussian 1 nu;
  (* |T[mu]|_{L4(nu)} <= sigma^2 M *)
  output_fourth_moment :
    (\int[nu]_z (population_output mu z ^+ 4)%:E <= ((sigma ^+ 2 * M) ^+ 4)%:E)%E;
  (* Assumption 3.3, for all orders p and q: E|z|^p E_{mu_{Uz}}|X|^q is finite *)
  tilted_moments_finite : forall p q : nat,
    (\int[nu]_z (`|z| ^+ p * tilted_absolute_moment mu (U * z) q)%:E < +oo)%E
}.

End Attention.

Definition printed_rate (sigma c1 c2 : RR) (j : nat) (L : nat) : RR :=
  c1 * sigma ^+ (6 * j) * (Rpower.ln L%:R : RR) ^+ j / (Rpower L%:R (c2 / sigma ^+ 2) : RR).

(* "the error is at most the printed rate for every prompt length", j = 1 for the
   output and the V-gradient, j = 2 for the U-gradient *)
Definition printed_statement (V U M c1 c2 : RR) (j : nat)
  (err : RR -> RR -> forall d (Om : measurableType d), nat -> (nat -> Om -> RR) ->
         {measure set Om -> \bar RR} -> {measure set RR -> \bar RR} -> {measure set RR -> \bar RR} -> \bar RR) : Prop :=
  forall (sigma : RR) (mu nu : {measure set RR -> \bar RR}),
    printed_hypotheses V U sigma M mu nu ->
    forall (L : nat) d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
      (1 <= L)%N -> P setT = 1%E -> iid_with_law P mu L X ->
      (err V U d Om L X P mu nu <= (printed_rate sigma c1 c2 j L)%:E)%E.

Definition printed_output_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 1 (fun V U d Om L X P mu nu => @output_error V U d Om L X P mu nu).
Definition printed_value_gradient_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 1 (fun V U d Om L X P mu nu => @value_gradient_error U d Om L X P mu nu).
Definition printed_key_query_gradient_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 2 (fun V U d Om L X P mu nu => @key_query_gradient_error V U d Om L X P mu nu).

(* ---- the counterexample: V = 1, U = 0, Rademacher tokens and queries ---- *)

Lemma printed_rate_at_one (sigma c1 c2 : RR) (j : nat) : (0 < j)%N -> printed_rate sigma c1 c2 j 1 = 0.
Proof.
move=> j0; rewrite /printed_rate.
have -> : (Rpower.ln 1%:R : RR) = 0 by exact: ln_1.
by rewrite expr0n eqn0Ngt j0 mulr0 mul0r.
Qed.

Lemma measurable_expr (q : nat) : measurable_fun setT (fun x : RR => x ^+ q).
Proof.
elim: q => [|q IH]; first by rewrite (_ : (fun _ => _) = cst 1) //; exact: measurable_fun_cst.
rewrite (_ : (fun x : RR => x ^+ q.+1) = id \* (fun x => x ^+ q)).
  by apply: measurable_funM => //; exact: measurable_fun_id.
by apply/funext => x; rewrite exprS.
Qed.

Lemma rexp0z (z x : RR) : rexp (0 * z * x) = 1.
Proof. by rewrite !mul0r; exact: exp_0. Qed.

(* U = 0: no tilt, so the tilted moments are the moments of the law *)
Lemma tilted_moment_rademacher (z : RR) (q : nat) :
  tilted_moment rademacher (0 * z) q = 2%:R^-1 * 1 ^+ q + 2%:R^-1 * (-1) ^+ q.
Proof.
rewrite /tilted_moment.
have -> : (fun x : RR => x ^+ q * rexp (0 * z * x)) = (fun x => x ^+ q).
  by apply/funext => x; rewrite rexp0z mulr1.
have -> : (fun x : RR => rexp (0 * z * x)) = (fun=> 1).
  by apply/funext => x; rewrite rexp0z.
rewrite !Rmean_rademacher ?half_plus_half ?divr1//; first exact: measurable_fun_cst.
exact: measurable_expr.
Qed.

Lemma tilted_absolute_moment_rademacher (z : RR) (q : nat) :
  tilted_absolute_moment rademacher (0 * z) q = 1.
Proof.
rewrite /tilted_absolute_moment.
have -> : (fun x : RR => `|x| ^+ q * rexp (0 * z * x)) = (fun x => `|x| ^+ q).
  by apply/funext => x; rewrite rexp0z mulr1.
have -> : (fun x : RR => rexp (0 * z * x)) = (fun=> 1).
  by apply/funext => x; rewrite rexp0z.
rewrite !Rmean_rademacher ?normrN ?normr1 ?expr1n ?half_plus_half ?divr1//; first exact: measurable_fun_cst.
apply: (@measurable_fun_comp _ _ _ _ _ _ (fun x : RR => x ^+ q) setT (@normr _ RR)).
  exact: measurable_expr.
exact: measurable_fun_normr.
Qed.

Lemma mean_tilted_rademacher (z : RR) : tilted_moment rademacher (0 * z) 1 = 0.
Proof. by rewrite tilted_moment_rademacher !expr1 mulrN1 mulr1 subrr. Qed.
Lemma square_tilted_rademacher (z : RR) : tilted_moment rademacher (0 * z) 2 = 1.
Proof. by rewrite tilted_moment_rademacher sqrrN expr1n half_plus_half. Qed.

Lemma rademacher_hypotheses (M : RR) : 0 <= M -> printed_hypotheses 1 0 1 M rademacher rademacher.
Proof.
move=> M0; split.
- exact: rademacher_probability.
- exact: rademacher_probability.
- exact: lexx.
- exact: rademacher_centred.
- exact: rademacher_centred.
- exact: rademacher_sub_gaussian.
- exact: rademacher_sub_gaussian.
- rewrite (eq_integral (fun=> 0%:E)); last first.
    by move=> z _; rewrite /population_output mean_tilted_rademacher mulr0 expr0n.
  by rewrite integral0 lee_fin exprn_ge0// mulr_ge0// sqr_ge0.
- move=> p q; rewrite (eq_integral (fun z : RR => (`|z| ^+ p)%:E)); last first.
    by move=> z _; rewrite tilted_absolute_moment_rademacher mulr1.
  rewrite mean_rademacher ?ltey//.
  apply: (@measurable_fun_comp _ _ _ _ _ _ (fun x : RR => x ^+ p) setT (@normr _ RR)).
    exact: measurable_expr.
  exact: measurable_fun_normr.
Qed.

Section LengthOne.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR).
Hypothesis P1 : P setT = 1%E.
Hypothesis HX : iid_with_law P rademacher 1 X.

(* A prompt of one token: the softmax weight is 1. *)
Lemma prompt_moment_one (z : RR) (q : nat) (o : Om) : prompt_moment 0 1 X z q o = X 0%N o ^+ q.
Proof.
rewrite /prompt_moment /weighted_mean !big_ord_recl !big_ord0 !addr0 divff ?mul1r//=.
exact/lt0r_neq0/rexp_gt0.
Qed.

Lemma mean_one (g : RR -> RR) : measurable_fun setT g -> (forall x, 0 <= g x) ->
  (\int[P]_o (g (X 0%N o))%:E = (2%:R^-1 * g 1 + 2%:R^-1 * g (-1))%:E)%E.
Proof.
move=> mg g0; have Ig := Pint_rademacher mg.
have PR := iid_product_rule P1 rademacher_probability HX.
have L0 : (0 < 1)%coq_nat by apply/ssrnat.ltP.
have [I E] := @product_rule_single _ _ _ _ X 1 PR g 0 L0 Ig.
rewrite (Pmean_integral I) [Pmean P _]E.
by rewrite -(Pmean_integral Ig) ge0_mean_rademacher.
Qed.

Lemma mean_square_one : (\int[P]_o (X 0%N o ^+ 2)%:E = 1)%E.
Proof.
rewrite (@mean_one (fun x => x ^+ 2) (@measurable_expr 2))//; last by move=> x; exact: sqr_ge0.
by rewrite sqrrN expr1n half_plus_half.
Qed.

Lemma output_error_one : output_error 1 0 1 X P rademacher rademacher = 1%E.
Proof.
rewrite /output_error (eq_integral (fun=> 1%E)).
  by rewrite integral_cst// rademacher_probability mul1e.
move=> z _; rewrite -mean_square_one; apply: eq_integral => o _; congr EFin.
by rewrite /prompt_output prompt_moment_one /population_output mean_tilted_rademacher mulr0 subr0 mul1r expr1.
Qed.

Lemma value_gradient_error_one : value_gradient_error 0 1 X P rademacher rademacher = 1%E.
Proof.
rewrite -output_error_one; apply: eq_integral => z _; apply: eq_integral => o _.
by rewrite /prompt_output /population_output !mul1r.
Qed.

(* Chat = 0 for one token, C = 1, so the error at z is z^2, of mean 1. *)
Lemma key_query_gradient_error_one : key_query_gradient_error 1 0 1 X P rademacher rademacher = 1%E.
Proof.
rewrite /key_query_gradient_error (eq_integral (fun z : RR => (z ^+ 2)%:E)).
  rewrite (ge0_mean_rademacher (@measurable_expr 2)); last by move=> x; exact: sqr_ge0.
  by rewrite sqrrN expr1n half_plus_half.
move=> z _; rewrite (eq_integral (fun=> (z ^+ 2)%:E)).
  by rewrite integral_cst// P1 mule1.
move=> o _; congr EFin.
rewrite /prompt_key_query_gradient /population_key_query_gradient !prompt_moment_one.
by rewrite mean_tilted_rademacher square_tilted_rademacher expr1 subrr mulr0 mul0r expr0n subr0 !mul1r sub0r sqrrN.
Qed.
End LengthOne.

Theorem counterexample_length_one (M : RR) : 0 <= M ->
  printed_hypotheses 1 0 1 M rademacher rademacher /\
  forall d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
    P setT = 1%E -> iid_with_law P rademacher 1 X ->
    [/\ output_error 1 0 1 X P rademacher rademacher = 1%E,
        value_gradient_error 0 1 X P rademacher rademacher = 1%E,
        key_query_gradient_error 1 0 1 X P rademacher rademacher = 1%E &
        forall c1 c2 : RR, printed_rate 1 c1 c2 1 1 = 0 /\ printed_rate 1 c1 c2 2 1 = 0].
Proof.
move=> M0; split; first exact: rademacher_hypotheses.
move=> d Om P X P1 HX; split.
- exact: output_error_one.
- exact: value_gradient_error_one.
- exact: key_query_gradient_error_one.
- by move=> c1 c2; rewrite !printed_rate_at_one.
Qed.

Let sample := @iid_exists _ _ rademacher rademacher_probability 1.

(* Proposition 3.1 *)
Theorem printed_output_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_output_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have := H 1 _ _ (rademacher_hypotheses M0) 1%N d Om P X isT P1 HX.
by rewrite /= output_error_one// printed_rate_at_one// lee_fin ler10.
Qed.

(* Proposition 3.4, gradient in V *)
Theorem printed_value_gradient_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_value_gradient_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have := H 1 _ _ (rademacher_hypotheses M0) 1%N d Om P X isT P1 HX.
by rewrite /= value_gradient_error_one// printed_rate_at_one// lee_fin ler10.
Qed.

(* Proposition 3.4, gradient in U *)
Theorem printed_key_query_gradient_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_key_query_gradient_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have := H 1 _ _ (rademacher_hypotheses M0) 1%N d Om P X isT P1 HX.
by rewrite /= key_query_gradient_error_one// printed_rate_at_one// lee_fin ler10.
Qed.
