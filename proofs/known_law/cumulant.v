(* Theorem T0 (cgf-attention): population attention is the gradient of the cumulant
   generating function, for every token law.

   x = (x_0, ..., x_{d-1}) are the coordinates of a token, measurable functions on a
   probability space (T, mu), with E e^{<v,x>} finite for every v in R^d.

     finite_cumulants mu x    that hypothesis
     cumulant mu x v          Lam(v) = ln E e^{<v,x>}
     is_gradient F a G        for every v the derivative of F in the direction v at a
                              exists and is <v, G>
     cgf_gradient             m(a) = E[x e^{<a,x>}] / E e^{<a,x>} is the gradient of Lam at a
     cgf_attention            V E[x e^{<a,x>}] / E e^{<a,x>} = V grad Lam(a), a = U z + b

   Also here, for the known laws: e^{<v,x>} times a linear form and times its square
   are integrable. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation integration probability_measure.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.gaussian Require Import flat_model.
From AttentionBounds.sub_gaussian Require Import tilted_mean sub_gaussian_moments.
From AttentionBounds.known_law Require cumulant_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Cumulant.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR).

Definition finite_cumulants : Prop := forall v : 'I_d -> RR,
  mu.-integrable setT (fun t => (rexp (linear_form x v t))%:E).

Definition cumulant (v : 'I_d -> RR) : RR := Rpower.ln (\int[mu]_t rexp (linear_form x v t)).

Definition is_gradient (F : ('I_d -> RR) -> RR) (a G : 'I_d -> RR) : Prop :=
  forall v : 'I_d -> RR, derivable_pt_lim (fun s => F (fun k => a k + s * v k)) 0 (\sum_(k < d) v k * G k).

Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis x_finite : finite_cumulants.

Let Iexp v : Pint mu (fun t => rexp (linear_form x v t)) := x_finite v.
Let mexp v : measurable_fun setT (fun t => rexp (linear_form x v t)).
Proof. exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form mx v)). Qed.

Lemma mass_positive v : 0 < mass mu x v.
Proof. by apply: (Pmean_gt0 mu1 (Iexp v)) => t; exact: rexp_gt0. Qed.

Let Iexp_shift v c : Pint mu (fun t => rexp (linear_form x v t + c)).
Proof.
have [J _] := mean_lin (rexp c) 0 (Iexp v) (Iexp v).
by apply: Pint_ext J => t; rewrite mul0r addr0 mulrC -rexpD.
Qed.

Lemma exp_square_integrable v u c :
  Pint mu (fun t => rexp (linear_form x v t) * (linear_form x u t - c) ^+ 2).
Proof.
have [I _] := mean_lin 1 1 (Iexp_shift (fun k => v k + u k) (- c))
  (Iexp_shift (fun k => v k + -1 * u k) c).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|t].
  apply: measurable_funM; first exact: mexp.
  apply: measurable_fun_sqr; apply: measurable_funB; first exact: measurable_linear_form.
  exact: measurable_fun_cst.
rewrite add0r !mul1r ger0_norm; last by rewrite mulr_ge0 ?sqr_ge0// ltW// rexp_gt0.
rewrite !linear_form_add linear_form_scale mulN1r -!addrA !rexpD -mulrDr.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
by rewrite -!rexpD -[- _ + c]opprK opprD opprK; exact: square_le_exp.
Qed.

Lemma exp_linear_integrable v u : Pint mu (fun t => rexp (linear_form x v t) * linear_form x u t).
Proof.
have [I _] := mean_lin 1 1 (Iexp v) (exp_square_integrable v u 0).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|t].
  by apply: measurable_funM; [exact: mexp|exact: measurable_linear_form].
rewrite add0r !mul1r subr0 -[X in _ <= X + _]mulr1 -mulrDr normrM.
rewrite (ger0_norm (ltW (rexp_gt0 _))) ler_wpmul2l ?(ltW (rexp_gt0 _))//.
exact: norm_le_1_plus_sq.
Qed.

Let unit k : 'I_d -> RR := fun j => (j == k)%:R.
Let linear_form_unit k t : linear_form x (unit k) t = x k t.
Proof.
rewrite /linear_form (bigD1 k)//= /unit eqxx mul1r big1 ?addr0// => j /negPf jk.
by rewrite jk mul0r.
Qed.

Lemma exp_coordinate_integrable v k : Pint mu (fun t => rexp (linear_form x v t) * x k t).
Proof. by apply: Pint_ext (exp_linear_integrable v (unit k)) => t; rewrite linear_form_unit. Qed.

(* E[<u,x> e^{<v,x>}] = E e^{<v,x>} <u, m(v)> *)
Lemma exp_linear_mean v u : \int[mu]_t (rexp (linear_form x v t) * linear_form x u t) =
  mass mu x v * \sum_(k < d) u k * tilted_mean_vector mu x v k.
Proof.
have Z0 := lt0r_neq0 (mass_positive v).
have S k : Pint mu (fun t => u k * (rexp (linear_form x v t) * x k t)) /\
    Pmean mu (fun t => u k * (rexp (linear_form x v t) * x k t)) = mass mu x v * (u k * tilted_mean_vector mu x v k).
  have [I ->] := @Pint_scale _ _ mu (u k) _ (fun t => u k * (rexp (linear_form x v t) * x k t))
    (exp_coordinate_integrable v k) (fun=> erefl).
  by split => //; rewrite mulrCA; congr (_ * _); rewrite mulrC /tilted_mean_vector divfK.
have [I E] := @Pmean_sum _ _ mu mu1 d _ _ (fun k => proj1 (S k)) (fun k => proj2 (S k)).
rewrite mulr_sumr -E; congr Rintegral; apply/funext => t.
by rewrite /linear_form mulr_sumr; apply: eq_bigr => k _; rewrite mulrCA.
Qed.

Theorem cgf_gradient (a : 'I_d -> RR) : is_gradient cumulant a (tilted_mean_vector mu x a).
Proof.
move=> v.
pose S := linear_form x a; pose Y := linear_form x v.
have SY s t : linear_form x (fun k => a k + s * v k) t = S t + s * Y t.
  by rewrite linear_form_add linear_form_scale.
have I s : Rle (Rabs s) 2 -> Int (probability_expectation mu1) (fun t => Rtrigo_def.exp (Rplus (S t) (Rmult s (Y t)))).
  by move=> _; apply: Pint_ext (Iexp (fun k => a k + s * v k)) => t; rewrite SY.
have IY : Int (probability_expectation mu1) (fun t => Rmult (Y t) (Rtrigo_def.exp (S t))).
  by apply: Pint_ext (exp_linear_integrable a v) => t; rewrite mulrC.
have M0 : Rlt 0 (Ex (probability_expectation mu1) (fun t => Rtrigo_def.exp (S t))).
  by apply/RltP; exact: mass_positive.
have := @cumulant_abstract.cumulant_derivative _ (probability_expectation mu1) S Y I IY M0.
have -> : (fun s => Rpower.ln (Ex (probability_expectation mu1) (fun t => Rtrigo_def.exp (Rplus (S t) (Rmult s (Y t)))))) =
    (fun s => cumulant (fun k => a k + s * v k)).
  apply/funext => s; rewrite /cumulant; congr Rpower.ln; rewrite /Rintegral; congr fine.
  by apply: eq_integral => t _; rewrite SY.
have -> : Rdiv (Ex (probability_expectation mu1) (fun t => Rmult (Y t) (Rtrigo_def.exp (S t))))
    (Ex (probability_expectation mu1) (fun t => Rtrigo_def.exp (S t))) = \sum_(k < d) v k * tilted_mean_vector mu x a k :> RR.
  rewrite RdivE'.
  have -> : Ex (probability_expectation mu1) (fun t => Rmult (Y t) (Rtrigo_def.exp (S t))) =
      \int[mu]_t (rexp (linear_form x a t) * linear_form x v t) :> RR.
    by rewrite /= /Pmean /Rintegral; congr fine; apply: eq_integral => t _; rewrite mulrC.
  rewrite exp_linear_mean mulrAC -[Ex _ _]/(mass mu x a) mulfV ?mul1r//.
  exact/lt0r_neq0/mass_positive.
by [].
Qed.

(* T(z) = V grad Lam(U z + b) *)
Theorem cgf_attention (e m : nat) (U : 'M[RR]_(d, e)) (b : 'cV[RR]_d) (V : 'M[RR]_(m, d)) (z : 'cV[RR]_e) :
  let a k := (U *m z + b) k 0 in
  let weight t := rexp (linear_form x a t) in
  forall G : 'I_d -> RR, is_gradient cumulant a G -> forall i : 'I_m,
  (\int[mu]_t ((V *m \col_k x k t) i 0 * weight t)) / (\int[mu]_t weight t) = (V *m \col_k G k) i 0.
Proof.
move=> a weight G HG i.
have -> : (V *m \col_k G k) i 0 = \sum_(k < d) V i k * G k.
  by rewrite mxE; apply: eq_bigr => k _; rewrite mxE.
rewrite -(uniqueness_limite _ _ _ _ (cgf_gradient a (V i)) (HG (V i))).
have -> : \int[mu]_t ((V *m \col_k x k t) i 0 * weight t) =
    \int[mu]_t (rexp (linear_form x a t) * linear_form x (V i) t).
  congr Rintegral; apply/funext => t; rewrite mulrC mxE; congr (_ * _).
  by apply: eq_bigr => k _; rewrite mxE.
rewrite exp_linear_mean mulrAC -[\int[mu]_t weight t]/(mass mu x a) mulfV ?mul1r//.
exact/lt0r_neq0/mass_positive.
Qed.
End Cumulant.
