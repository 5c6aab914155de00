(* Stein's identity for one token.

   In the model of flat_model.v, let F be a function of all coordinates whose
   derivative in coordinate j of token l is b_j H1 + be_j H2 for every j.  Then, with
   D_l = <be, token l - b>,
     E[F D_l] = <be,b> E H1 + |be|^2 E H2 - <be,b> E F              (token_stein)
   under the growth conditions of stein_identity.  Also here: the functionals that
   are measurable, and those that are continuous in one coordinate, are closed under
   the arithmetic operations.

     continuous_along k F    F is continuous in coordinate k
     derivative_along k F H  H is the partial derivative of F in coordinate k
     token_form l            D_l = <be, token l - b>
     form_bias, form_square  <be,b> and |be|^2 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums integration probability_measure rest_independence.
From AttentionBounds.gaussian Require Import standard_normal gaussian_stein flat_model.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Functionals.
Variable N : nat.
Implicit Types F H : (nat -> RR) -> RR.

Lemma mfun_cst (c : RR) : measurable_functional N (fun _ : nat -> RR => c).
Proof. by move=> d S Y mY; exact: (@measurable_fun_cst _ _ S _ setT c). Qed.
Lemma mfun_coordinate k : (k < N)%N -> measurable_functional N (fun y : nat -> RR => y k).
Proof. by move=> kN d S Y mY; exact: mY. Qed.
Lemma mfunD F H : measurable_functional N F -> measurable_functional N H ->
  measurable_functional N (fun y => F y + H y).
Proof. by move=> mF mH d S Y mY; apply: measurable_funD; [exact: mF|exact: mH]. Qed.
Lemma mfunB F H : measurable_functional N F -> measurable_functional N H ->
  measurable_functional N (fun y => F y - H y).
Proof. by move=> mF mH d S Y mY; apply: measurable_funB; [exact: mF|exact: mH]. Qed.
Lemma mfunM F H : measurable_functional N F -> measurable_functional N H ->
  measurable_functional N (fun y => F y * H y).
Proof. by move=> mF mH d S Y mY; apply: measurable_funM; [exact: mF|exact: mH]. Qed.
Lemma mfun_sum n (F : 'I_n -> (nat -> RR) -> RR) : (forall i, measurable_functional N (F i)) ->
  measurable_functional N (fun y => \sum_(i < n) F i y).
Proof.
move=> mF d S Y mY.
by apply: (@measurable_fun_sumr _ _ _ _ (fun i s => F i (fun j => Y j s))) => i; exact: mF.
Qed.

Definition continuous_along (k : nat) F : Prop :=
  forall y x, Ranalysis1.continuity_pt (fun z => F (update k z y)) x.

Lemma along_cst k (c : RR) : continuous_along k (fun=> c).
Proof. by move=> y x; apply: continuity_pt_const. Qed.
Lemma alongD k F H : continuous_along k F -> continuous_along k H -> continuous_along k (fun y => F y + H y).
Proof. by move=> cF cH y x; exact: (continuity_pt_plus _ _ _ (cF y x) (cH y x)). Qed.
Lemma alongB k F H : continuous_along k F -> continuous_along k H -> continuous_along k (fun y => F y - H y).
Proof. by move=> cF cH y x; exact: (continuity_pt_minus _ _ _ (cF y x) (cH y x)). Qed.
Lemma alongM k F H : continuous_along k F -> continuous_along k H -> continuous_along k (fun y => F y * H y).
Proof. by move=> cF cH y x; exact: (continuity_pt_mult _ _ _ (cF y x) (cH y x)). Qed.

Definition derivative_along (k : nat) F H : Prop :=
  forall y x, derivable_pt_lim (fun z => F (update k z y)) x (H (update k x y)).

Lemma derivative_continuous k F H : derivative_along k F H -> continuous_along k F.
Proof. by move=> dF y x; apply: derivable_continuous_pt; eexists; exact: dF. Qed.
Lemma derivative_ext k F H H' : (forall y, H y = H' y) -> derivative_along k F H -> derivative_along k F H'.
Proof. by move=> E dF y x; rewrite -E; exact: dF. Qed.
Lemma derivativeM k F H F1 H1 : derivative_along k F F1 -> derivative_along k H H1 ->
  derivative_along k (fun y => F y * H y) (fun y => F1 y * H y + F y * H1 y).
Proof. by move=> dF dH y x; exact: (derivable_pt_lim_mult _ _ _ _ _ (dF y x) (dH y x)). Qed.
Lemma derivative_sum k n (F F1 : 'I_n -> (nat -> RR) -> RR) : (forall i, derivative_along k (F i) (F1 i)) ->
  derivative_along k (fun y => \sum_(i < n) F i y) (fun y => \sum_(i < n) F1 i y).
Proof.
move=> dF y x.
pose f (i : nat) (z : R) : R := if insub i is Some i' then F i' (update k z y) else 0.
pose f1 (i : nat) : R := if insub i is Some i' then F1 i' (update k x y) else 0.
have -> : (fun z => \sum_(i < n) F i (update k z y)) = (fun z => rsum n (fun i => f i z)).
  by apply/funext => z; rewrite rsumE; apply: eq_bigr => i _; rewrite /f valK.
have -> : \sum_(i < n) F1 i (update k x y) = rsum n f1.
  by rewrite rsumE; apply: eq_bigr => i _; rewrite /f1 valK.
apply: softmax_derivative.derivable_pt_lim_rsum => i /ssrnat.ltP ilt.
have -> : f i = fun z => F (Ordinal ilt) (update k z y) by apply/funext => z; rewrite /f insubT.
by have -> : f1 i = F1 (Ordinal ilt) (update k x y); [rewrite /f1 insubT|exact: dF].
Qed.
End Functionals.

Section TokenStein.
Variables (L q : nat) (b be : nat -> RR).
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variable Z : nat -> Om -> RR.
Hypothesis HZ : iid_with_law P standard_normal (L * q) Z.
Let y o : nat -> RR := fun k => Z k o.
Let N := (L * q)%N.

Definition token_form (l : nat) (y : nat -> RR) : RR := \sum_(j < q) be j * (y (l * q + j)%N - b j).
Definition form_bias : RR := \sum_(j < q) be j * b j.
Definition form_square : RR := \sum_(j < q) be j ^+ 2.

Theorem token_stein (l : 'I_L) (F H1 H2 : (nat -> RR) -> RR) (K : 'I_q -> (nat -> RR) -> RR) :
  measurable_functional N F -> measurable_functional N H1 -> measurable_functional N H2 ->
  (forall j, measurable_functional N (K j)) ->
  (forall (j : 'I_q) x z, K j (update (l * q + j) x z) = K j z) ->
  (forall j, Pint P (fun o => K j (y o))) ->
  (forall j : 'I_q, derivative_along (l * q + j) F (fun z => b j * H1 z + be j * H2 z)) ->
  (forall j : 'I_q, continuous_along (l * q + j) H1) -> (forall j : 'I_q, continuous_along (l * q + j) H2) ->
  (forall (j : 'I_q) z, `|b j * H1 z + be j * H2 z| <= K j z * (1 + z (l * q + j)%N ^+ 2)) ->
  (forall (j : 'I_q) z, `|z (l * q + j)%N * F z| <= K j z * (1 + z (l * q + j)%N ^+ 2)) ->
  Pint P (fun o => F (y o)) -> Pint P (fun o => H1 (y o)) -> Pint P (fun o => H2 (y o)) ->
  Pint P (fun o => F (y o) * token_form l (y o)) /\
  Pmean P (fun o => F (y o) * token_form l (y o)) =
    form_bias * Pmean P (fun o => H1 (y o)) + form_square * Pmean P (fun o => H2 (y o))
    - form_bias * Pmean P (fun o => F (y o)) :> RR.
Proof.
move=> mF mH1 mH2 mK Ku IK dF c1 c2 B1 B2 IF IH1 IH2.
set h1 := Pmean P (fun o => H1 (y o)); set h2 := Pmean P (fun o => H2 (y o)); set f := Pmean P (fun o => F (y o)).
pose term (j : 'I_q) o : RR := F (y o) * (be j * (Z (l * q + j)%N o - b j)).
have T (j : 'I_q) : Pint P (term j) /\ Pmean P (term j) = be j * (b j * h1 + be j * h2) - be j * b j * f :> RR.
  have mG : measurable_functional N (fun z => b j * H1 z + be j * H2 z).
    by apply: mfunD; apply: mfunM => //; exact: mfun_cst.
  have cG : continuous_along (l * q + j) (fun z => b j * H1 z + be j * H2 z).
    by apply: alongD; apply: alongM => //; exact: along_cst.
  have [IZ [_ ES]] := stein_identity P1 HZ (index_lt l j) (mK j) (Ku j) (IK j) mF mG (dF j) cG (B1 j) (B2 j).
  have J := Pint_lin (be j : R) (- (be j * b j) : RR) IZ IF.
  have E := Pmean_lin (be j : R) (- (be j * b j) : RR) IZ IF.
  have Q o : Rplus (Rmult (be j) (Z (l * q + j)%N o * F (y o))) (Rmult (- (be j * b j)) (F (y o))) = term j o.
    rewrite /term -[LHS]/(be j * (Z (l * q + j)%N o * F (y o)) + - (be j * b j) * F (y o)).
    by rewrite mulrBr mulrBr mulrA mulNr; congr (_ - _); rewrite mulrC.
  rewrite (funext Q) in J E; split => //; rewrite E.
  rewrite -[Pmean P (fun o => Z _ o * _)]/(\int[P]_o (Z (l * q + j)%N o * F (y o))) ES.
  have E2 := Pmean_lin (b j : R) (be j : R) IH1 IH2.
  rewrite -[\int[P]_o _]/(Pmean P (fun o => Rplus (Rmult (b j) (H1 (y o))) (Rmult (be j) (H2 (y o))))) E2.
  by rewrite -[LHS]/(be j * (b j * h1 + be j * h2) + - (be j * b j) * f) mulNr.
have [I E] := @Pmean_sum _ _ P P1 q term (fun j => be j * (b j * h1 + be j * h2) - be j * b j * f)
  (fun j => proj1 (T j)) (fun j => proj2 (T j)).
have Q : (fun o => \sum_(j < q) term j o) = (fun o => F (y o) * token_form l (y o)).
  by apply/funext => o; rewrite /token_form mulr_sumr.
rewrite Q in I E; split => //; rewrite E /form_bias /form_square !mulr_suml -big_split -sumrB.
by apply: eq_bigr => j _ /=; rewrite mulrDr !mulrA expr2.
Qed.
End TokenStein.
